// What the tests in this folder share: headless Chromium by Playwright, and what holds or does not.
'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

function expect(holds, what, seen) {
  if (!holds) throw new Error(seen === undefined ? what : `${what}: ${JSON.stringify(seen)}`);
  console.log(`  ok: ${what}`);
}

// `require` of what tests/console/install put into the folder MODULES.
function loader(modules) {
  return createRequire(path.join(path.resolve(modules), 'any.js'));
}

// The page has axe (`axe-core/axe.min.js`).
async function expectAccessible(page, how) {
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const violations = found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(' ').slice(0, 300)}`);
  expect(violations.length === 0, `axe finds nothing (${how}; ${found.passes.length} rules hold)`, violations);
}

// Runs `phase(browser)`, and ends the process: status 1 if it throws.
async function runPhase(load, chromium, phase) {
  try {
    const { chromium: driver } = load('playwright-core');
    const browser = await driver.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-prefers-reduced-motion'] });
    try {
      await phase(browser);
    } finally {
      await browser.close();
    }
  } catch (problem) {
    console.log(`FAILED: ${problem.stack}`);
    process.exit(1);
  }
}

module.exports = { expect, expectAccessible, loader, runPhase };
