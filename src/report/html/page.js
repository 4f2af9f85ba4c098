"use strict";
// Brings the page to life: the time line, its panels, the keyboard, and the schedule that passes beside the one that fails.

(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const report = read("report");
  // What threads wait for at the end stands below what was done.
  for (const { thread, text, place, object } of report.failure?.waits ?? []) {
    report.trace.rows.push({ thread, text, place, object, verb: "waits", waits: true });
  }
  const panels = new Panels(report, read("sources"));
  const { trace, failure } = report;
  const orders = failure?.cause?.orders ?? [];
  const placeName = (place) => panels.placeName(place);
  document.documentElement.classList.add("js");

  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        // Files may not be allowed to: then it is there to be copied by hand.
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }

  // What is said of the operations of these orders, by their steps.
  function marksOf(pairs) {
    const marks = new Map();
    const add = (step, label, title) => {
      if (step === undefined) return;
      marks.set(step, [...(marks.get(step) ?? []), { label, title }]);
    };
    for (const { number, before, after } of pairs) {
      add(before, `${number}a`, `cause ${number}: the operation that comes before`);
      add(after, `${number}b`, `cause ${number}: the operation that comes after`);
    }
    return marks;
  }

  const key = (doing) => doing.step ?? `waits ${doing.thread}`;
  const inFailing = (order, at) => ({ number: at + 1, before: key(order.before), after: key(order.after) });

  if (trace.rows.length === 0) return;
  const find = (id) => document.getElementById(id);
  const slider = find("slider");
  const last = trace.rows.length - 1;
  const lastStep = trace.rows.findLast((row) => row.step !== undefined)?.step;
  const marks = marksOf(orders.map(inFailing));
  for (const { step, verb } of failure?.race?.sides ?? []) {
    marks.set(`${verb} ${step}`, [{ label: "race", title: "one of the accesses that race" }]);
  }
  const lanes = new Timeline(find("lanes"), trace, { placeName, select, marks });
  slider.max = last;
  let selected = -1;
  let beside;

  function select(wanted) {
    const at = Math.max(0, Math.min(last, wanted));
    if (at === selected) return;
    selected = at;
    slider.value = at;
    const { step, waits } = trace.rows[at];
    find("position").textContent = waits ? `after step ${lastStep}` : `step ${step} of ${lastStep}`;
    lanes.select(at);
    beside?.select(at);
    panels.show(at);
  }

  const moves = {
    ArrowLeft: () => selected - 1,
    ArrowRight: () => selected + 1,
    ArrowUp: () => selected - 1,
    ArrowDown: () => selected + 1,
    PageUp: () => selected - 10,
    PageDown: () => selected + 10,
    Home: () => 0,
    End: () => last,
  };
  document.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    const isVertical = ["ArrowUp", "ArrowDown", "PageUp", "PageDown"].includes(event.key);
    const isElsewhere = isVertical && document.activeElement !== find("lanes");
    if (!move || isElsewhere || event.ctrlKey || event.altKey || event.metaKey || event.target === slider) return;
    event.preventDefault();
    select(move());
  });
  slider.addEventListener("input", () => select(Number(slider.value)));
  for (const [id, key] of [["first", "Home"], ["back", "ArrowLeft"], ["forward", "ArrowRight"], ["last", "End"]]) {
    find(id).addEventListener("click", () => select(moves[key]()));
  }
  for (const kind of ["reads", "handovers"]) {
    const box = find(`show-${kind}`);
    box.addEventListener("change", () => {
      for (const drawn of [lanes, beside, besidePassing]) {
        if (!drawn) continue;
        drawn.shows[kind] = box.checked;
        drawn.draw();
      }
    });
  }
  for (const link of document.querySelectorAll("a.step")) {
    link.addEventListener("click", () => {
      const { step, verb, waits } = link.dataset;
      const isIt = (row) => (waits ? row.waits && row.thread === Number(waits) : row.step === Number(step) && row.verb === verb);
      const at = trace.rows.findIndex(isIt);
      if (at >= 0) select(at);
    });
  }

  let besidePassing;
  const passing = failure?.cause?.passing;
  if (passing) {
    const turned = orders[passing.turned];
    const number = passing.turned + 1;
    // Where the two schedules part.
    const isSame = (row, at) => {
      const other = passing.trace.rows[at];
      return other && row.thread === other.thread && row.text === other.text && row.place === other.place;
    };
    const parts = trace.rows.findIndex((row, at) => !isSame(row, at));
    const sameUntil = trace.left_out_before > 0 || parts < 0 ? 0 : parts;
    const failing = { placeName, isNarrow: true, sameUntil, marks: marksOf([inFailing(turned, passing.turned)]), select };
    const turnedMarks = marksOf([{ number, before: passing.before_step, after: passing.after_step }]);
    beside = new Timeline(find("fails"), trace, failing);
    besidePassing = new Timeline(find("passes"), passing.trace, { placeName, isNarrow: true, sameUntil, marks: turnedMarks });
    for (const [drawn, step] of [[beside, key(turned.before)], [besidePassing, passing.after_step]]) {
      const at = drawn.positions.get(step);
      if (at !== undefined) drawn.reveal(at);
    }
    const same = sameUntil > 0 && trace.rows[sameUntil - 1].step ? `The two are the same up to step ${trace.rows[sameUntil - 1].step}. ` : "";
    const words =
      `${same}Whoever wants the test to pass has to let ${number}b come before ${number}a: ` +
      "the operations that are marked are the other way round in the schedule that passes.";
    document.querySelector("#passing .explanation").textContent = words;
  }
  const panics = trace.rows.findLastIndex((row) => row.verb === "panics");
  select(failure?.kind === "panic" && panics >= 0 ? panics : last);
})();
