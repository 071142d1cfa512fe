#!/usr/bin/env node
// `sluice report --html` and the screen of `sluice top` in headless Chromium, by Playwright: as pictures_test.py runs it.
//
// usage: pictures_test.js MODULES CHROMIUM PHASE FILE EXPECTED [PICTURE]
//
//   MODULES    a node_modules folder (tests/console/install)
//   PHASE      `report`: FILE is the page. EXPECTED is JSON: `blocked` attempts, `days`, `apps`
//              `top`: FILE is what `sluice top` wrote to a terminal. EXPECTED is JSON: `columns`, `rows`, `words` that the screen has
//   PICTURE    is taken at the end
//
// Prints a line for each thing that holds. Exit status: 0 all hold; 1 one does not; 2 wrong usage.
'use strict';

const { readFileSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { expect, expectAccessible, loader, runPhase } = require('./browser.js');

const WIDTH = 1000;
// As terminals have it: dark, with a margin.
const TERMINAL_STYLE = 'body { margin: 0; background: #0d1117 } #terminal { display: inline-block; padding: 14px 16px }';
const COLOURS = { background: '#0d1117', foreground: '#d0d7de', cursor: '#0d1117', green: '#3fb950', red: '#ff7b72' };
const GREEN = 2, RED = 1;

const [modules, chromium, phase, file, expected, picture] = process.argv.slice(2);
if (!expected) {
  console.error('usage: pictures_test.js MODULES CHROMIUM PHASE FILE EXPECTED [PICTURE]');
  process.exit(2);
}
const load = loader(modules);
const want = JSON.parse(expected);

async function openPage(browser, address) {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: 900 }, colorScheme: 'light' });
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => page.complaints.push(message.text()));
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('request', (request) => {
    if (request.url() !== address) page.complaints.push(`it asks for ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

// `1,234`
const figure = (text) => Number(text.replaceAll(',', ''));

async function saysTheFigures(page) {
  const text = await page.locator('main').innerText();
  expect(text.includes('the chain is whole'), 'the report says that the trail is whole');
  const blocked = await page.locator('.figures div').filter({ hasText: 'attempts blocked' }).locator('b').innerText();
  expect(figure(blocked) === want.blocked, 'it counts what was blocked', blocked);
  const headings = await page.getByRole('heading', { level: 2 }).allInnerTexts();
  const all = ['By app', 'Blocked by day', 'By protocol', 'Clients with most attempts', 'Names', 'By list and version', 'Dropped because it could not be judged', 'Updates'];
  expect(all.every((heading) => headings.includes(heading)), 'it has all that compliance asks for', headings);
}

// What bars say in their titles (`2026-11-12 tiktok: 52`), and how they are drawn.
async function drawsTheDays(page) {
  const chart = page.getByRole('img', { name: 'blocked attempts by day' });
  const bars = await chart.locator('rect').evaluateAll((rects) => rects.map((rect) => ({
    x: rect.x.baseVal.value, top: rect.y.baseVal.value, height: rect.height.baseVal.value, colour: rect.getAttribute('fill'), title: rect.textContent,
  })));
  const count = (some) => some.reduce((sum, bar) => sum + figure(bar.title.split(': ')[1]), 0);
  const tall = (some) => some.reduce((sum, bar) => sum + bar.height, 0);
  const days = [...new Set(bars.map((bar) => bar.x))].map((x) => bars.filter((bar) => bar.x === x));
  expect(days.length === want.days, `its chart has ${want.days} days`, days.length);
  expect(new Set(bars.map((bar) => bar.colour)).size === want.apps.length, 'and a colour for each app');
  expect(count(bars) === want.blocked, 'its bars say all that was blocked', count(bars));
  const { width, height } = await chart.evaluate((svg) => ({ width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height }));
  expect(bars.every((bar) => bar.x >= 0 && bar.x < width && bar.top >= 0 && bar.top + bar.height <= height), 'and all of them are inside');
  const largest = days.reduce((most, day) => (count(day) > count(most) ? day : most));
  expect(days.every((day) => tall(day) <= tall(largest)), 'the day with most is the tallest', largest[0].title);
}

async function report(browser) {
  const page = await openPage(browser, pathToFileURL(path.resolve(file)).href);
  await saysTheFigures(page);
  await drawsTheDays(page);
  expect(await page.locator('script, link, img, iframe').count() === 0 && page.complaints.length === 0, 'it loads nothing', page.complaints);
  await page.addScriptTag({ path: load.resolve('axe-core/axe.min.js') });
  await expectAccessible(page, 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(page, 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
  if (!picture) return;
  const { y, height } = await page.locator('svg').boundingBox();
  await page.screenshot({ path: picture, fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height: Math.ceil(y + height + 6) } });
}

// Draws the bytes as a terminal does. Returns the lines of its screen.
async function drawScreen(page, bytes) {
  await page.setContent('<div id="terminal"></div>');
  await page.addStyleTag({ path: load.resolve('@xterm/xterm/css/xterm.css') });
  await page.addStyleTag({ content: TERMINAL_STYLE });
  await page.addScriptTag({ path: load.resolve('@xterm/xterm/lib/xterm.js') });
  return page.evaluate(async ([encoded, columns, rows, theme]) => {
    const terminal = new globalThis.Terminal({ cols: columns, rows, fontFamily: 'monospace', fontSize: 14, theme, drawBoldTextInBrightColors: false });
    globalThis.terminal = terminal;
    terminal.open(document.getElementById('terminal'));
    await new Promise((done) => terminal.write(Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0)), done));
    await document.fonts.ready;
    const screen = terminal.buffer.active;
    return Array.from({ length: rows }, (_, row) => screen.getLine(screen.viewportY + row).translateToString(true));
  }, [bytes.toString('base64'), want.columns, want.rows, COLOURS]);
}

async function top(browser) {
  const page = await openPage(browser, 'about:blank');
  const lines = await drawScreen(page, readFileSync(file));
  const text = lines.join('\n');
  const missing = want.words.filter((word) => !text.includes(word));
  expect(missing.length === 0, `the screen of \`sluice top\` has ${want.words.join(', ')}`, { missing, lines });
  expect(/^packets [1-9][\d,.]*\/s/m.test(text) || /^packets 0\.[1-9]\/s/m.test(text), 'it has a rate', lines);
  const row = lines.findIndex((line) => /^(healthy|degraded)$/.test(line));
  expect(row >= 0, 'it says how the gateway is', lines);
  const colour = await page.evaluate((line) => {
    const cell = globalThis.terminal.buffer.active.getLine(line).getCell(0);
    return cell.isBold() && cell.isFgPalette() ? cell.getFgColor() : -1;
  }, row);
  expect(colour === (lines[row] === 'healthy' ? GREEN : RED), 'in a colour that fits', colour);
  if (picture) await page.locator('#terminal').screenshot({ path: picture });
}

runPhase(load, chromium, { report, top }[phase]);
