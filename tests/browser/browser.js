// A headless Chromium, and pages in it that fail a test when they complain.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

// Where `cargo test --test reports artifacts` has left its files.
const reports = path.resolve(process.env.REPORTS ?? "../../target/tmp/artifacts");

// Where pictures go, if they are wanted.
const pictures = process.env.PICTURES;

export const wide = { width: 1280, height: 900 };
export const phone = { width: 390, height: 844 };

export function start() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
}

// The names of all reports.
export function all() {
  return readdirSync(reports).filter((name) => existsSync(path.join(reports, name, `${name}.html`))).sort();
}

// Opens the report of this name, lets `look` look at it, and asserts that nothing was complained about or asked for elsewhere.
export async function open(browser, name, { viewport = wide, colorScheme = "light", script = true }, look) {
  const file = path.join(reports, name, `${name}.html`);
  assert.ok(existsSync(file), `${file} is not there: run \`cargo test --test reports artifacts\` before`);
  const context = await browser.newContext({ viewport, colorScheme, javaScriptEnabled: script });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) complaints.push(`asks for ${request.url()}`);
  });
  const begun = performance.now();
  await page.goto(pathToFileURL(file).href);
  const took = performance.now() - begun;
  try {
    await look(page, took);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

export async function picture(page, name, options = {}) {
  if (pictures) await page.screenshot({ path: path.join(pictures, `${name}.png`), ...options });
}

export async function printed(page, name) {
  const pdf = await page.pdf({ format: "A4", printBackground: true, margin: { top: "14mm", bottom: "14mm", left: "14mm", right: "14mm" },
    ...(pictures ? { path: path.join(pictures, `${name}.pdf`) } : {}) });
  return pdf;
}

// The texts of all elements, in order.
export function texts(page, selector) {
  return page.locator(selector).allTextContents();
}
