// The console as a person meets it: signs in, changes the range, filters, simulates, signs out, in a real Chromium.
// Holds for every page seen: no console error, no request to another origin, no horizontal scroll at 360 px.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const server = process.env.PURSER_URL;
const key = process.env.PURSER_KEY;
const artifacts = process.env.PURSER_ARTIFACTS;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
});
after(() => browser?.close());

/** A fresh browser profile whose trouble is collected in `faults`. */
async function visit(options, run) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`script: ${error}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== server && protocol !== "data:") faults.push(`off origin: ${request.url()}`);
  });
  try {
    await run(page, faults);
  } finally {
    await context.close();
  }
}

async function signIn(page) {
  await page.goto(`${server}/`);
  assert.equal(new URL(page.url()).pathname, "/login");
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/overview**");
}

// A bucket without usage has a bar of no height: one that can be seen is waited for.
const drawn = (page) => page.locator("#spend .barlayer .point path >> visible=true").first().waitFor();

async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `${page.url()} is ${content} px wide in a window of ${window} px`);
  const narrow = await page.evaluate(() => [...document.querySelectorAll("tbody th")]
    .filter((cell) => cell.innerText.length > 12 && cell.getBoundingClientRect().width < 80)
    .map((cell) => cell.innerText));
  assert.deepEqual(narrow, [], "names that are squeezed to a few letters a line");
}

/** No violation of WCAG 2.2 A and AA that axe can find. */
async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join("\n  ")}`);
  assert.deepEqual(found, [], page.url());
}

const shot = (page, name, fullPage = true) => page.screenshot({ path: join(artifacts, `console-${name}.png`), fullPage });

test("a person signs in, changes the range, filters and signs out", async () => {
  await visit({ colorScheme: "light" }, async (page, faults) => {
    await signIn(page);
    await drawn(page);
    assert.match(await page.locator(".tile.first .figure").innerText(), /^\$[\d,]+\.\d\d/);
    await accessible(page);
    await shot(page, "1440-light");

    await page.getByRole("navigation", { name: "Range" }).getByRole("link", { name: "30 days" }).click();
    await page.waitForURL("**/overview?range=30d");
    await drawn(page);
    assert.equal(await page.locator(".ranges [aria-current]").innerText(), "30 days");
    assert.equal(await page.locator(".grid tbody tr").count(), 30, "one line per day");
    await shot(page, "1440-light-30d");

    const model = await page.locator(".key tbody th a").first().innerText();
    await page.getByText("Dates and filters").click();
    await page.getByLabel("Model", { exact: true }).fill(model);
    await page.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL((url) => url.searchParams.get("model") === model && url.searchParams.get("range") === "30d");
    await drawn(page);
    assert.deepEqual(await page.locator(".key tbody th").allInnerTexts(), [model]);
    await accessible(page);
    await shot(page, "1440-filtered");
    await page.getByRole("link", { name: `Model: ${model}` }).click();
    await page.waitForURL((url) => !url.searchParams.has("model"));

    const feature = page.locator("section[aria-labelledby=top-feature] tbody th a:not(.wordy)").first();
    const name = await feature.innerText();
    await feature.click();
    await page.waitForURL((url) => url.searchParams.get("feature") === name);
    await drawn(page);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/login");
    await page.goto(`${server}/overview?range=24h`);
    assert.equal(new URL(page.url()).pathname, "/login", "the session is over");
    await page.getByLabel("API key").fill(key);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/overview?range=24h");
    await drawn(page);
    assert.deepEqual(faults, []);
  });
});

test("the page follows the reader's colour scheme, charts included", async () => {
  await visit({ colorScheme: "dark" }, async (page, faults) => {
    await signIn(page);
    await drawn(page);
    const fill = () => page.locator("#spend .barlayer .point path").first().evaluate((bar) => getComputedStyle(bar).fill);
    const dark = await fill();
    await accessible(page);
    await shot(page, "1440-dark");
    await page.emulateMedia({ colorScheme: "light" });
    await page.waitForFunction((before) => getComputedStyle(document.querySelector("#spend .barlayer .point path")).fill !== before, dark);
    assert.notEqual(await fill(), dark);
    assert.deepEqual(faults, []);
  });
});

test("nothing is cut off or scrolls sideways at 360 px", async () => {
  await visit({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }, async (page, faults) => {
    await page.goto(`${server}/login`);
    await fits(page);
    await shot(page, "360-login");
    await signIn(page);
    await drawn(page);
    await fits(page);
    await accessible(page);
    await shot(page, "360");
    await page.getByText("Dates and filters").click();
    await page.getByText("Table of the chart").click();
    await fits(page);
    await accessible(page);
    await shot(page, "360-unfolded");
    assert.deepEqual(faults, []);
  });
});

test("the keyboard reaches everything, the content first", async () => {
  await visit({}, async (page, faults) => {
    await signIn(page);
    await drawn(page);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "24 hours");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
    assert.equal(outline, "3px", "the focus is seen");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/overview?range=24h");
    assert.deepEqual(faults, []);
  });
});

const goTo = async (page, name) => {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
};
const bars = (page, id) => page.locator(`#${id} .barlayer .point path >> visible=true`).first().waitFor();

test("a person simulates the example, then a plan of their own", async () => {
  await visit({ colorScheme: "light" }, async (page, faults) => {
    await signIn(page);
    await goTo(page, "Simulation");
    assert.match(await page.getByLabel("Steps, YAML or JSON").inputValue(), /^# An example/);
    await accessible(page);
    await page.getByLabel("Runs to add up").fill("3000");
    await page.getByLabel("Other settings to try").fill("prompt=0.5, counts=2");
    await page.getByRole("button", { name: "Simulate" }).click();
    await bars(page, "spread");
    await bars(page, "drivers");
    const fills = await page.locator("#drivers .barlayer .point path").evaluateAll((paths) => paths.map((path) => path.style.fill));
    assert.ok(new Set(fills).size > 1, "each driver has the colour of its row");
    assert.match(await page.getByRole("status").innerText(), /easible/);
    assert.match(await page.locator(".tile.first .figure").innerText(), /^\$\d/);
    assert.equal(await page.locator("#spread .scatterlayer .trace").count(), 1, "a line at the budget");
    assert.ok(await page.getByRole("region", { name: "Advice" }).getByRole("row").count() > 1);
    assert.match(await page.getByRole("region", { name: "Spending" }).getByRole("row", { name: /3,000 runs together/ }).innerText(), /\$\d/);
    assert.ok(await page.getByRole("region", { name: "Burn-down" }).getByRole("row").count() > 1);
    assert.equal(await page.getByRole("region", { name: "Other settings" }).getByRole("row").count(), 3, "a head and two settings");
    await fits(page);
    await accessible(page);
    await shot(page, "1440-simulate");

    await page.getByLabel("Steps, YAML or JSON").fill("- {id: fetch, skill: http_call, usage: {cost_usd: 0.25}}");
    await page.getByLabel("Budget, dollars").fill("0.10");
    await page.getByLabel("Skills it may call").fill("kv_get");
    await page.keyboard.press("Enter");
    await page.getByText("Not feasible").first().waitFor();
    assert.match(await page.getByRole("status").innerText(), /would take \$0\.\d+ more[^]*fetch calls http_call, which is not allowed/);
    await bars(page, "drivers");
    await accessible(page);

    await page.getByLabel("Steps, YAML or JSON").fill("- {skil: http_call}");
    await page.getByLabel("Budget, dollars").fill("much");
    const [response] = await Promise.all([
      page.waitForResponse((reply) => reply.request().method() === "POST"),
      page.getByRole("button", { name: "Simulate" }).click(),
    ]);
    assert.equal(response.status(), 422);
    await page.getByRole("alert").getByRole("link", { name: /budget_usd/ }).click();
    assert.equal(new URL(page.url()).hash, "#f-budget_usd");
    assert.equal(await page.getByLabel("Budget, dollars").inputValue(), "much");
    await accessible(page);
    await shot(page, "1440-simulate-refused");
    assert.deepEqual(faults.filter((fault) => !fault.includes("422")), []);
  });
});

test("a person asks what another model would have cost", async () => {
  await visit({ colorScheme: "light" }, async (page, faults) => {
    await signIn(page);
    await goTo(page, "What-if");
    await accessible(page);
    const model = page.getByLabel("Calls of this model");
    await model.fill(await model.getAttribute("placeholder"));
    await page.getByLabel("Discount, percent").fill("10");
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("discount") === "10");
    await bars(page, "savings");
    assert.match(await page.locator(".tile.first .figure").innerText(), /\$\d/);
    await accessible(page);
    await shot(page, "1440-what-if");

    const offered = await page.locator("#o-with option").first().getAttribute("value");
    await page.getByLabel("as if sent to this one").fill(offered);
    await page.getByRole("button", { name: "Price it anew" }).click();
    await page.waitForURL((url) => url.searchParams.get("with") === offered);
    await bars(page, "savings");
    await page.getByRole("navigation", { name: "Range" }).getByRole("link", { name: "7 days" }).click();
    await page.waitForURL((url) => url.searchParams.get("range") === "7d" && url.searchParams.get("with") === offered);
    await bars(page, "savings");
    await accessible(page);
    await shot(page, "1440-what-if-switch");
    assert.deepEqual(faults, []);
  });
});

test("simulation and what-if fit a phone in the dark, by keyboard and without scripts", async () => {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2, colorScheme: "dark" };
  await visit(phone, async (page, faults) => {
    await signIn(page);
    for (const [path, button, chart, name] of [["/simulate", "Simulate", "spread", "360-simulate-dark"], ["/what-if?discount=15", "Price it anew", "savings", "360-what-if-dark"]]) {
      await page.goto(server + path);
      await fits(page);
      await page.getByRole("button", { name: button }).focus();
      // The page before may have a chart too: what is asked for comes with a new one.
      const loaded = page.waitForEvent("load");
      await page.keyboard.press("Enter");
      await loaded;
      await bars(page, chart);
      await fits(page);
      await accessible(page);
      await shot(page, name);
    }
    assert.deepEqual(faults, []);
  });
  await visit({ javaScriptEnabled: false }, async (page, faults) => {
    await signIn(page);
    await page.goto(`${server}/simulate`);
    await page.getByRole("button", { name: "Simulate" }).click();
    await page.getByRole("heading", { name: "What drives the cost" }).waitFor();
    await page.goto(`${server}/what-if`);
    await page.getByLabel("Discount, percent").fill("10");
    await page.getByRole("button", { name: "Price it anew" }).click();
    await page.getByRole("heading", { name: "By feature" }).waitFor();
    assert.deepEqual(faults, []);
  });
});

test("an address that cannot be used says why and keeps the form", async () => {
  await visit({}, async (page) => {
    await signIn(page);
    const response = await page.goto(`${server}/overview?rang=7d&from=20.11.2026&model=gpt-5`);
    assert.equal(response.status(), 422);
    const alert = page.getByRole("alert");
    assert.match(await alert.innerText(), /rang: is not a parameter of this page[^]*from: must be a date such as 2026-11-20/);
    assert.equal(await page.getByLabel("First day").inputValue(), "20.11.2026");
    assert.equal(await page.getByLabel("Model", { exact: true }).inputValue(), "gpt-5");
    await accessible(page);
    await shot(page, "1440-refused");
  });
});

test("a key that is not known is refused in words, without an echo", async () => {
  await visit({}, async (page) => {
    await page.goto(`${server}/login`);
    await page.getByLabel("API key").fill("purser_not_a_key");
    await page.getByRole("button", { name: "Sign in" }).click();
    assert.equal(await page.getByRole("alert").innerText(), "That key is not known, or was revoked.");
    assert.ok(!(await page.content()).includes("purser_not_a_key"));
    await accessible(page);
    await shot(page, "1440-login");
  });
});

test("without scripts every control still works", async () => {
  await visit({ javaScriptEnabled: false }, async (page, faults) => {
    await signIn(page);
    await page.getByRole("link", { name: "24 hours" }).click();
    await page.waitForURL("**/overview?range=24h");
    await page.getByText("Dates and filters").click();
    await page.getByLabel("Bars per").selectOption("day");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL((url) => url.searchParams.get("grain") === "day");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/login");
    assert.deepEqual(faults, []);
  });
});

test("another site can neither sign a browser in nor out", async () => {
  const post = (path, headers) => fetch(server + path, { method: "POST", redirect: "manual", body: new URLSearchParams({ key }), headers });
  assert.equal((await post("/login", { origin: "http://evil.example" })).status, 403);
  assert.equal((await post("/login", {})).status, 403);
  assert.equal((await post("/logout", { origin: "null" })).status, 403);
  const opened = await post("/login", { origin: server });
  assert.equal(opened.status, 303);
  const cookie = opened.headers.get("set-cookie");
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  assert.ok(!cookie.includes(key), "the cookie is a session, not the key");
});
