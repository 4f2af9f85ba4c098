// What a person sees and does: `npm test`, after `cargo test --test reports artifacts`.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { after, before, test } from "node:test";
import { all, open, phone, picture, printed, start, texts, wide } from "./browser.js";

let browser;
before(async () => (browser = await start()));
after(() => browser?.close());

const selected = async (page) => (await texts(page, "#lanes .row.selected .text"))[0];
const position = (page) => page.locator("#position").textContent();

// Nothing is wider than the window.
async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `the page is ${content} pixels wide in a window of ${window}`);
}

// How much darker or lighter words are than what they stand on; see WCAG 2.
function contrast(page, selector) {
  return page.locator(selector).first().evaluate((element) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const luminance = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const linear = (part) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
      const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    };
    let behind = element;
    while (behind && /rgba\(.*, 0\)|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const [one, other] = [getComputedStyle(element).color, getComputedStyle(behind ?? document.body).backgroundColor].map(luminance);
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
}

// From the first step on, to the last, and to some rows and links.
async function goThrough(page, name) {
  const slider = page.locator("#slider");
  const last = Number(await slider.getAttribute("max"));
  await page.keyboard.press("Home");
  assert.equal(await slider.inputValue(), "0", name);
  for (let at = 1; at <= Math.min(last, 12); at++) {
    await page.keyboard.press("ArrowRight");
    assert.equal(await slider.inputValue(), String(at), name);
    assert.ok(await selected(page), `${name}: nothing is selected at ${at}`);
  }
  await page.keyboard.press("End");
  assert.equal(await slider.inputValue(), String(last), name);
  // By their number: rows are drawn anew when the time line scrolls.
  for (let at = last; at >= Math.max(last - 2, 0); at--) {
    await page.locator(`#lanes .row[data-at="${at}"]`).first().click();
    assert.equal(await slider.inputValue(), String(at), name);
  }
  for (const link of (await page.locator("a.step:visible").all()).slice(0, 4)) {
    await link.click();
    assert.ok(await selected(page), `${name}: a link leads nowhere`);
  }
}

test("a lost update is told from the top to the bottom", async () => {
  await open(browser, "lost_update", {}, async (page) => {
    assert.equal(await page.title(), "panic: lost_update");
    assert.match(await page.locator("pre.message").textContent(), /a visit was lost/);
    assert.match(await page.locator(".size").textContent(), /11 steps and 1 preemption, the fewest/);
    assert.match(await page.locator("#cause").textContent(), /comes before/);
    assert.ok((await texts(page, "#lanes .head .thread")).join() === "main,thread 1");
    assert.equal(await page.locator("#lanes .row.preemption").count(), 1);
    assert.deepEqual(await texts(page, "#lanes .row .preempts"), ["preempts main"]);
    assert.ok((await page.locator("#lanes .mark").count()) >= 3);
    await picture(page, "lost_update", { fullPage: true });
  });
});

test("keys, the slider, buttons, rows and links go from step to step", async () => {
  await open(browser, "lost_update", {}, async (page) => {
    assert.match(await selected(page), /^panics: assertion/, "it opens at what failed");
    await page.keyboard.press("Home");
    assert.equal(await selected(page), "begin");
    assert.match(await position(page), /^step 1 of/);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.equal(await selected(page), "load `visits` = 0");
    assert.match(await page.locator("#operation").textContent(), /SeqCst.*comes from.*the beginning/);
    assert.match(await page.locator("#values").textContent(), /AtomicU32 `visits`0/);
    assert.match(await page.locator("#source .line.now").textContent(), /visits\.load/);
    await page.keyboard.press("ArrowLeft");
    assert.match(await selected(page), /^spawn/);
    await page.keyboard.press("End");
    assert.match(await selected(page), /^(panics|end)/);

    await page.locator("#slider").fill("5");
    assert.match(await selected(page), /^store `visits`: 0 → 1/);
    assert.match(await page.locator("#values tr.changed").textContent(), /1$/);
    await page.locator("#back").click();
    assert.match(await selected(page), /^load `visits` = 0/);
    await page.locator("#forward").click();
    await page.locator("#forward").click();
    assert.equal(await selected(page), "end");
    await page.locator("#first").click();
    assert.equal(await selected(page), "begin");
    await page.locator("#last").click();
    assert.match(await selected(page), /^(panics|end)/);
    await page.locator("#lanes .row", { hasText: "load `visits` = 1" }).click();
    assert.equal(await selected(page), "load `visits` = 1");
    assert.match(await page.locator("#operation").textContent(), /comes fromstep 8, main/);
    await page.locator("#cause a.step").first().click();
    assert.match(await selected(page), /^load `visits` = 0/);
  });
});

test("arrows can be switched off and on", async () => {
  await open(browser, "lost_update", {}, async (page) => {
    const count = (kind) => page.locator(`#lanes path.arrow.${kind}:not(.tip)`).count();
    await page.keyboard.press("End");
    const handovers = await count("handovers");
    assert.equal(handovers, 2, "spawn and join");
    await page.locator("#show-handovers").uncheck();
    assert.equal(await count("handovers"), 0);
    await page.locator("#show-handovers").check();
    assert.equal(await count("handovers"), handovers);

    // Of the last load, which reads what its own thread has stored, an arrow is drawn when it is looked at.
    await page.locator("#lanes .row", { hasText: "load `visits` = 1" }).click();
    assert.equal(await count("reads"), 1);
    await page.locator("#show-reads").uncheck();
    assert.equal(await count("reads"), 0);
  });
});

test("the schedule that passes stands beside the one that fails, with what is turned round", async () => {
  await open(browser, "lost_update", {}, async (page) => {
    const marks = async (id) => (await texts(page, `#${id} .row.marked .text`)).map((text) => text.split(" ")[0]);
    assert.equal((await marks("fails")).length, 2);
    assert.equal((await marks("passes")).length, 2);
    const labels = async (id) => texts(page, `#${id} .mark`);
    const [failing, passing] = [await labels("fails"), await labels("passes")];
    assert.deepEqual(passing, failing.reverse(), "the two are the other way round");
    assert.match(await page.locator("#passing .explanation").textContent(), /the same up to step 3/);
    await page.locator("#fails .row", { hasText: "spawn" }).click();
    assert.match(await selected(page), /^spawn/);
  });
});

test("what replays it can be copied", async () => {
  await open(browser, "lost_update", {}, async (page) => {
    const command = page.locator("#replay .copied").first();
    assert.match(await command.locator("code").textContent(), /Config::replay\("dl1/);
    await command.locator(".copy").click();
    await command.locator(".copy", { hasText: /Copied|Selected/ }).waitFor();
    await page.locator("#replay summary").click();
    assert.match(await page.locator("#replay details").textContent(), /dl1/);
  });
});

test("a deadlock tells who waits for what, and who holds it", async () => {
  await open(browser, "deadlock", {}, async (page) => {
    const waits = await texts(page, "#waits li");
    assert.equal(waits.length >= 2, true);
    assert.match(waits.join(), /main waits to lock Mutex `second` at .*held by thread 1, which took it at/s);
    await page.keyboard.press("End");
    assert.match(await selected(page), /^waits to lock/);
    assert.equal(await page.locator("#lanes .row.waits").count(), 2);
    assert.match(await page.locator("#values").textContent(), /Mutex `first`held by main/);
    assert.match(await page.locator("#values").textContent(), /Mutex `second`held by thread 1/);
    await picture(page, "deadlock", { fullPage: true });
  });
});

test("a predicted deadlock shows its cycle and the graph of locks", async () => {
  await open(browser, "cycle", {}, async (page) => {
    assert.match(await page.locator("#lock-cycle").textContent(), /wants to lock Mutex `first`/);
    const drawn = await page.locator("#lock-graph img").evaluate((image) => image.complete && image.naturalWidth);
    assert.ok(drawn > 100, "the graph is drawn");
    await picture(page, "cycle", { fullPage: true });
  });
});

test("a data race tells both accesses and what is too weak", async () => {
  await open(browser, "race", {}, async (page) => {
    assert.match(await page.locator("#race").textContent(), /make it Release/);
    assert.equal(await page.locator("#race li").count(), 2);
    const racing = page.locator("#lanes .row", { has: page.locator(".mark", { hasText: "race" }) });
    assert.deepEqual(await racing.locator(".text").allTextContents(), ["write `shared`", "read `shared`"]);
    await page.locator("#race a.step").first().click();
    assert.equal(await selected(page), "write `shared`");
    await picture(page, "race", { fullPage: true });
  });
});

test("a livelock tells who goes round", async () => {
  await open(browser, "livelock", {}, async (page) => {
    assert.match(await page.locator("#spins").textContent(), /does, again and again:.*load/s);
    // Who is where stays in sight, however long the line is.
    await page.locator("#lanes .row", { hasText: "load" }).first().click();
    const [listing, here] = await Promise.all([".listing", ".line.now .here"].map((part) => page.locator(part).boundingBox()));
    assert.ok(here.x + here.width <= listing.x + listing.width, "the name of the thread is cut off");
  });
});

test("a stale read tells what was read, what stood there, and why", async () => {
  await open(browser, "stale_read", {}, async (page) => {
    await page.locator("#lanes .row", { hasText: "stale: it is 42" }).click();
    assert.match(await page.locator("#operation").textContent(), /0.*42/s);
    assert.match(await page.locator(".oddities").textContent(), /step 8\): 0 \(stale: it is 42\)/);
    assert.match(await page.locator("body").textContent(), /would have to be Release/);
    await picture(page, "stale_read", { fullPage: true });
  });
});

test("a replay that passes has its time line", async () => {
  await open(browser, "replay", {}, async (page) => {
    assert.equal(await page.locator(".kind.passed").textContent(), "passed");
    assert.ok((await page.locator("#lanes .row").count()) > 10);
    await picture(page, "replay", { fullPage: true });
  });
});

test("what a program says is text", async () => {
  await open(browser, "attack", {}, async (page) => {
    assert.equal(await page.evaluate(() => window.attacked), undefined);
    assert.equal(await page.locator("img[src=x]").count(), 0);
    assert.match(await page.locator("pre.message").textContent(), /<script>window\.attacked = 1<\/script>/);
    assert.match((await texts(page, "#lanes .thread")).join(), /<script>/);
  });
});

test("ten thousand steps open at once", async () => {
  await open(browser, "long", {}, async (page, took) => {
    const file = new URL(page.url());
    const bytes = statSync(file).size;
    console.log(`10,000 steps: ${bytes} bytes, open after ${Math.round(took)} ms`);
    assert.ok(bytes < 5_000_000);
    assert.match(await position(page), /^step 1\d,?\d{3} of/);
    const rows = await page.locator("#lanes .row").count();
    assert.ok(rows > 5 && rows < 120, `${rows} rows are drawn`);
    const begun = performance.now();
    await page.locator("#slider").fill("5000");
    await page.locator("#lanes .row.selected").waitFor();
    for (let at = 0; at < 100; at++) await page.keyboard.press("ArrowRight");
    console.log(`101 steps: ${Math.round(performance.now() - begun)} ms`);
    assert.equal(await page.locator("#slider").inputValue(), "5100");
    await page.locator("#lanes").focus();
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.locator("#slider").inputValue(), "5101");
    await page.locator("#lanes").evaluate((lanes) => (lanes.scrollTop = 60_000));
    await page.locator('#lanes .row[data-at="2010"]').waitFor();
    await picture(page, "long");
  });
});

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries({ wide, phone })) {
    test(`words can be read and nothing sticks out: ${colorScheme}, ${size}`, async () => {
      for (const name of ["lost_update", "deadlock", "race", "long", "replay", "attack", "cycle"]) {
        await open(browser, name, { viewport, colorScheme }, async (page) => {
          await fits(page);
          for (const words of ["h1", ".kind", "#lanes .text", "#lanes .step", "#source code", "footer p", ".selected .text"]) {
            const found = await contrast(page, words);
            assert.ok(found >= 4.5, `${name}: the contrast of ${words} is ${found.toFixed(1)}`);
          }
          await picture(page, `${name}-${colorScheme}-${size}`, { fullPage: name !== "long" });
        });
      }
    });
  }
}

// Every page, whatever it is about.
for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries({ wide, phone })) {
    test(`every page can be gone through: ${colorScheme}, ${size}`, async () => {
      // Other tests leave what these have already.
      const same = ["alone", "handovers", "read", "read_deadlock", "replay_fails", "to_replay", "workers"];
      const names = all().filter((name) => !same.includes(name));
      for (const name of ["livelock", "leak", "leaked_thread", "denied_order", "stale_read", "step_limit"]) {
        assert.ok(names.includes(name), `${name} is not there`);
      }
      for (const name of names) {
        await open(browser, name, { viewport, colorScheme }, async (page) => {
          await fits(page);
          if (await page.locator("#lanes .row").count()) await goThrough(page, name);
          for (const summary of await page.locator("summary:visible").all()) await summary.click();
          await fits(page);
          for (const words of ["h1", ".kind", "pre.message", ".note", ".prose"]) {
            if (!(await page.locator(words).count())) continue;
            const found = await contrast(page, words);
            assert.ok(found >= 4.5, `${name}: the contrast of ${words} is ${found.toFixed(1)}`);
          }
          await picture(page, `all-${name}-${colorScheme}-${size}`, { fullPage: name !== "long" });
        });
      }
    });
  }
}

test("on paper there is a table in place of what moves", async () => {
  for (const name of ["lost_update", "deadlock", "long"]) {
    await open(browser, name, { colorScheme: "dark" }, async (page) => {
      await page.emulateMedia({ media: "print" });
      assert.ok(await page.locator("#timeline > .printed").isVisible());
      assert.ok(!(await page.locator("#lanes").isVisible()));
      assert.ok(!(await page.locator(".tools").isVisible()));
      const pdf = await printed(page, name);
      assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    });
  }
});

test("without scripts it can be read", async () => {
  await open(browser, "lost_update", { script: false }, async (page) => {
    assert.ok(await page.locator("#timeline > .printed").isVisible());
    assert.ok(!(await page.locator(".tools").isVisible()));
    await fits(page);
  });
});
