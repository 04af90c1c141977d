// SPDX-License-Identifier: Apache-2.0
// Browser: runs steps in headless Chromium over its debugging pipe; no packages.
// In (stdin, JSON): {"steps": [{"name", "url"?, "reload"?, "width"?, "leave"?, "run"?}]}; `run` is a JavaScript
// expression, awaited, with `ui` (below) at hand; before it `leave` goes to another page, and that is waited for.
// Out (stdout, JSON): [{"name", "value" | "error"}].
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HELPERS = `(() => {
  const visible = (node) => node && !node.hidden && node.offsetParent !== null;
  const ui = {
    all: (selector) => [...document.querySelectorAll(selector)],
    rows: () => ui.all('[data-row]').map((row) => row.innerText),
    form: () => document.querySelector('dialog[open] form') || document.querySelector('main form'),
    press(text) {
      const button = ui.all('button, a').filter(visible).find((each) => each.innerText.trim() === text);
      if (!button) throw new Error('there is no button "' + text + '"');
      button.click();
    },
    set(name, value) {
      const input = ui.form().querySelector('[name="' + name + '"]');
      if (!input) throw new Error('the form has no field ' + name);
      if (input.type === 'checkbox') input.checked = value;
      else input.value = value;
    },
    choose(selector, value) {
      const input = document.querySelector(selector);
      if (!input) throw new Error('there is no ' + selector);
      if (input.type === 'checkbox') input.checked = Boolean(value);
      else input.value = value;
      input.dispatchEvent(new Event(input.type === 'search' ? 'input' : 'change', { bubbles: true }));
    },
    submit() { ui.form().requestSubmit(); },
    open() { document.querySelector('[data-action="add"]').click(); },
    // Adds a row through the form: what the model needs, with some values replaced.
    add(entityId, values) {
      ui.open();
      ui.fill(entityId, values);
      ui.submit();
      const dialog = document.querySelector('dialog[open]');
      const errors = ui.errors();
      if (dialog) dialog.close();
      return errors;
    },
    fill(entityId, values) {
      ui.count = (ui.count || 0) + 1;
      const samples = { text: 'Text ' + ui.count, longtext: 'Long ' + ui.count, integer: '1', decimal: '1', money: '1',
        date: '2026-01-15', email: 'a@example.com', phone: '0131 555 0142', url: 'https://example.com', percent: '1', rating: '1',
        time: '09:30', datetime: '2026-01-15T09:30', colour: '#336699', tags: 'x' };
      for (const field of App.query.entityOf(entityId).fields) {
        if (field.derived || ['boolean', 'ref', 'refs'].includes(field.type.split(':')[0])) continue;
        const value = values && field.id in values ? values[field.id] : field.type === 'enum' ? field.values[0] : samples[field.type];
        ui.set(field.id, value);
      }
    },
    errors: () => ui.all('[data-error]').filter(visible).map((note) => note.innerText),
    stored: (entityId) => App.store.all(entityId),
  };
  globalThis.ui = ui;
})()`;

const profile = mkdtempSync(join(tmpdir(), 'origin-browser-'));
const chromium = spawn(process.env.CHROMIUM || 'chromium', [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--user-data-dir=' + profile, '--remote-debugging-pipe',
], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
const [, , , toBrowser, fromBrowser] = chromium.stdio;

let lastId = 0;
let pending = '';
const waiting = new Map();
const problems = [];
let loaded = () => {};

function receive(message) {
  if (message.id && waiting.has(message.id)) {
    const { resolve, reject } = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error) reject(new Error(message.error.message));
    else resolve(message.result);
  } else if (message.method === 'Page.loadEventFired') loaded();
  else if (message.method === 'Runtime.exceptionThrown') problems.push(message.params.exceptionDetails.exception?.description || 'exception');
  else if (message.method === 'Log.entryAdded' && message.params.entry.level === 'error') problems.push(message.params.entry.text);
}

fromBrowser.setEncoding('utf8');
fromBrowser.on('data', (chunk) => {
  const parts = (pending + chunk).split('\0');
  pending = parts.pop();
  parts.forEach((part) => receive(JSON.parse(part)));
});

let session;
const send = (method, params = {}) => new Promise((resolve, reject) => {
  const id = ++lastId;
  waiting.set(id, { resolve, reject });
  toBrowser.write(JSON.stringify({ id, method, params, sessionId: session }) + '\0');
});

async function evaluate(expression) {
  const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description?.split('\n')[0] || exceptionDetails.text);
  return result.value;
}

async function visit(work) {
  const done = new Promise((resolve) => { loaded = resolve; });
  await work();
  await done;
  await evaluate(HELPERS);
}

async function runStep(step) {
  if (step.width) await send('Emulation.setDeviceMetricsOverride', { width: step.width, height: 800, deviceScaleFactor: 1, mobile: false });
  if (step.url) await visit(() => send('Page.navigate', { url: step.url }));
  if (step.leave) await visit(() => evaluate(`(() => { ${step.leave} })()`));
  if (step.reload) await visit(() => send('Page.reload'));
  if (step.shot) {
    const { data } = await send('Page.captureScreenshot', { format: 'png' });
    (await import('node:fs')).writeFileSync(step.shot, Buffer.from(data, 'base64'));
  }
  return step.run ? evaluate(`(async () => { ${step.run} })()`) : null;
}

async function main() {
  const { steps } = JSON.parse(readFileSync(0, 'utf8'));
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  ({ sessionId: session } = await send('Target.attachToTarget', { targetId, flatten: true }));
  for (const domain of ['Page', 'Runtime', 'Log']) await send(domain + '.enable');
  const results = [];
  for (const step of steps) {
    try {
      results.push({ name: step.name, value: await runStep(step) });
    } catch (error) {
      results.push({ name: step.name, error: error.message });
    }
  }
  results.push({ name: 'problems', value: problems });
  return results;
}

chromium.on('error', (error) => {
  process.stderr.write(`Chromium does not start: ${error.message}\n`);
  process.exit(3);
});
const results = await main();
chromium.on('exit', () => {
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  process.stdout.write(JSON.stringify(results));
});
session = undefined;
send('Browser.close');
