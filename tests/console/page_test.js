#!/usr/bin/env node
// The console's page in headless Chromium, by Playwright: as console_test.py runs it, within the gateway's namespace.
//
// usage: page_test.js MODULES CHROMIUM TOKEN PHASE [PICTURE]
//
//   MODULES   a node_modules folder (tests/console/install)
//   PHASE     `works`: the gateway is healthy and has blocked something; `degraded`: a reload was refused;
//             `picture`: takes PICTURE, and checks nothing
//
// Prints a line for each thing that holds. Exit status: 0 all hold; 1 one does not; 2 wrong usage.
'use strict';

const { expect, expectAccessible, loader, runPhase } = require('./browser.js');

const URL = 'http://127.0.0.1:9465/';
const PATIENCE_MS = 60000;
const BANNED = 'www.banned.test';
const HOSTILE = '<img src=x onerror=document.title=1>.banned.test';

const [modules, chromium, token, phase, picture] = process.argv.slice(2);
if (!phase) {
  console.error('usage: page_test.js MODULES CHROMIUM TOKEN PHASE [PICTURE]');
  process.exit(2);
}
const load = loader(modules);

// A page that tells what a browser complains of.
async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    // That a token or a question is refused is an answer that the page expects. Chromium logs it.
    const expected = /status of 40[01]/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !expected) page.complaints.push(message.text());
  });
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    page.complaints.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(URL)) page.complaints.push(`it asks for ${request.url()}`);
    if (request.url().includes(token)) page.complaints.push('the token is in a URL');
  });
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(URL);
  return page;
}

async function logIn(page) {
  await page.getByRole('textbox', { name: 'Token' }).fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('heading', { name: 'Lists' }).waitFor();
}

async function asksForItsToken(browser) {
  const page = await openPage(browser);
  await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
  expect(await page.evaluate(() => document.activeElement.id) === 'token', 'the token is asked for, and its field has the focus');
  expect(!await page.getByRole('heading', { name: 'Lists' }).isVisible(), 'nothing else is shown');
  await page.keyboard.type('not the token at all');
  await page.keyboard.press('Enter');
  await page.getByText('This is not the token.').waitFor();
  expect(true, 'a wrong token is told');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(token);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Lists' }).waitFor();
  expect(true, 'the right one opens the page');
  await page.reload();
  await page.getByRole('heading', { name: 'Lists' }).waitFor();
  expect(!page.url().includes(token), 'it is kept in the tab, and not in the address');
  await page.getByRole('button', { name: 'Forget token' }).click();
  await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
  expect(await page.evaluate(() => sessionStorage.length) === 0, 'it can be forgotten');
  await page.context().close();
}

async function shows(page) {
  await page.locator('#health').filter({ hasText: /Healthy|Degraded/ }).waitFor();
  const names = page.getByRole('table', { name: 'Blocked names' });
  await names.getByRole('rowheader', { name: BANNED, exact: true }).waitFor();
  expect(true, 'it names what traffic brought and the gateway blocked');
  const clients = page.getByRole('table', { name: 'Clients that try' });
  expect(await clients.getByRole('rowheader').count() > 0, 'and whose it was');
  expect(await page.getByRole('table', { name: 'Lists' }).getByRole('rowheader', { name: 'names' }).count() === 1, 'and the list');
  await page.waitForFunction(() => document.querySelector('#blocked-chart .curve'));
  const label = await page.locator('#blocked-chart').getAttribute('aria-label');
  expect(/^Blocked: .* packets a second now/.test(label), 'the chart says in words what it draws', label);
  await page.getByText('The same as a table').click();
  expect(await page.getByRole('table', { name: 'Packets a second, by minute' }).getByRole('rowheader').count() > 0, 'and shows it as a table');
  await page.getByText('The same as a table').click();
  expect(await page.locator('#failure').getByText('dropped (fail closed)').count() === 1, 'it says what happens without a worker');
}

async function keepsTextText(page) {
  const names = page.getByRole('table', { name: 'Blocked names' });
  const hostile = names.getByRole('rowheader', { name: '<img' });
  await hostile.waitFor();
  const text = await hostile.textContent();
  expect(text.replaceAll('\\032', ' ') === HOSTILE, 'a hostile name is shown as text', text);
  expect(await page.locator('main img').count() === 0, 'and becomes no element');
}

// Without a mouse, as a screen reader's user would.
async function explainsByKeyboard(page) {
  await page.evaluate(() => document.activeElement.blur());
  const tabTo = async (id) => {
    for (let i = 0; i < 60; ++i) {
      await page.keyboard.press('Tab');
      const [at, outlined] = await page.evaluate(() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle !== 'none']);
      if (!outlined) throw new Error(`the focus is not visible on ${at}`);
      if (at === id) return;
    }
    throw new Error(`Tab does not lead to ${id}`);
  };
  await tabTo('name');
  await page.keyboard.type(`https://${BANNED}/`);
  await page.keyboard.press('Enter');
  const result = page.locator('#explanation');
  await result.getByText(`${BANNED} is blocked.`).waitFor();
  const words = await result.innerText();
  expect(['game', 'banned.test', 'names, line 1', 'everyone'].every((word) => words.includes(word)), 'explain says app, rule, list, line and policy', words);
  await page.getByLabel('Client address').fill('nonsense');
  await page.keyboard.press('Enter');
  await result.getByText('it is not an IP address').waitFor();
  await page.getByLabel('Client address').fill('');
  await page.getByLabel('Name, address or URL').fill('www.ordinary.test');
  await page.keyboard.press('Enter');
  await result.getByText('www.ordinary.test passes.').waitFor();
  expect(await result.getAttribute('role') === 'status', 'and is read out');
  await page.getByRole('button', { name: `Why is ${BANNED} blocked?` }).press('Enter');
  await result.getByText(`${BANNED} is blocked.`).waitFor();
  expect(true, 'a row of the table asks the same');
}

async function hasADarkMode(page) {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await paper();
  await expectAccessible(page, 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await paper();
  expect(light !== dark, 'dark mode has other colours');
  await expectAccessible(page, 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
}

async function fitsAPhone(page) {
  await page.setViewportSize({ width: 390, height: 844 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width <= 390, 'at 390 pixels nothing is cut off', width);
  await expectAccessible(page, '390 pixels');
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function saysThatNobodyAnswers(page) {
  await page.context().setOffline(true);
  await page.locator('#silence').filter({ hasText: 'The gateway does not answer. What is below is old.' }).waitFor();
  expect(true, 'it says when the gateway does not answer');
  await page.context().setOffline(false);
  await page.locator('#silence').waitFor({ state: 'hidden' });
  page.complaints = page.complaints.filter((text) => !text.includes('ERR_INTERNET_DISCONNECTED'));
}

async function works(browser) {
  await asksForItsToken(browser);
  const page = await openPage(browser);
  await page.addInitScript({ path: load.resolve('axe-core/axe.min.js') });
  await page.reload();
  await expectAccessible(page, 'the question for the token');
  await logIn(page);
  await shows(page);
  await keepsTextText(page);
  await explainsByKeyboard(page);
  await hasADarkMode(page);
  await fitsAPhone(page);
  await saysThatNobodyAnswers(page);
  expect(page.complaints.length === 0, 'the browser complains of nothing', page.complaints);
  const violations = await page.evaluate(() => globalThis.violations);
  expect(violations.length === 0, 'the content security policy is kept', violations);
}

async function degraded(browser) {
  const page = await openPage(browser);
  await logIn(page);
  await page.locator('#health').filter({ hasText: 'Degraded' }).waitFor();
  await page.getByRole('listitem').filter({ hasText: 'the last reload was refused' }).waitFor();
  expect(true, 'it says that the gateway is degraded, and why');
  await page.getByRole('status').filter({ hasText: 'The gateway is degraded.' }).first().waitFor({ state: 'attached' });
  expect(true, 'and tells screen readers');
}

async function takePicture(browser) {
  const page = await openPage(browser, { viewport: { width: 1200, height: 1000 } });
  await logIn(page);
  await page.locator('#blocked-chart .curve').waitFor();
  await page.getByLabel('Name, address or URL').fill('https://web.wechat.com/');
  await page.keyboard.press('Enter');
  await page.locator('#explanation .answer').waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.waitForTimeout(6000);  // two more looks, which give rates
  const { y, height } = await page.locator('section', { has: page.getByRole('heading', { name: 'Clients that try' }) }).boundingBox();
  await page.screenshot({ path: picture, fullPage: true, clip: { x: 0, y: 0, width: 1200, height: Math.ceil(y + height + 8) } });
}

runPhase(load, chromium, { works, degraded, picture: takePicture }[phase]);
