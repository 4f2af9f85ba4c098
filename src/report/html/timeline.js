"use strict";
// A trace as a time line with one lane a thread. Only the rows that are on the screen have elements: a trace may have
// thousands. Where lanes have no room for words, they become tracks with the words beside them.

const SVG = "http://www.w3.org/2000/svg";
const ROW = 30;
const OVERSCAN = 8;
// Arrows that leave one row: a store may be read thousands of times.
const ARROWS = 24;

function element(name, classes, text) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawn(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The position of the last of ascending numbers that is at most `limit`, or -1.
function lastUpTo(numbers, limit) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

class Timeline {
  // `options`: `placeName` names a place; `marks` has what is said of rows by their steps; `select` is told of clicks;
  // `isNarrow` keeps words out of the lanes; rows before `sameUntil` are pale.
  constructor(box, trace, options) {
    Object.assign(this, { box, trace, rows: trace.rows, options });
    this.selected = -1;
    this.shows = { reads: true, handovers: true };
    this.threads = [...new Set(this.rows.map((row) => row.thread))].sort((a, b) => a - b);
    this.laneOf = new Map(this.threads.map((thread, lane) => [thread, lane]));
    this.positions = new Map();
    this.rows.forEach((row, at) => this.positions.has(row.step) || this.positions.set(row.step, at));
    this.spans = this.threads.map((thread) => [
      this.rows.findIndex((row) => row.thread === thread),
      this.rows.findLastIndex((row) => row.thread === thread),
    ]);
    this.arrows = this.findArrows();

    this.head = element("div", "head");
    this.canvas = element("div", "canvas");
    this.canvas.style.height = `${this.rows.length * ROW}px`;
    this.picture = drawn("svg", { class: "picture", "aria-hidden": "true" });
    this.words = element("div", "words");
    this.canvas.append(this.picture, this.words);
    box.replaceChildren(this.head, this.canvas);
    box.addEventListener("scroll", () => this.drawSoon(), { passive: true });
    this.words.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) options.select?.(Number(row.dataset.at));
    });
    new ResizeObserver(() => this.layOut()).observe(box);
    this.layOut();
  }

  // For each row the arrows that begin or end there.
  findArrows() {
    const arrows = new Map();
    const add = (fromStep, to, kind) => {
      const from = this.positions.get(fromStep);
      if (from === undefined || to === undefined) return;
      const arrow = { from, to, kind };
      for (const end of [from, to]) {
        if (!arrows.has(end)) arrows.set(end, []);
        const there = arrows.get(end);
        if (end === to || there.length < ARROWS) there.push(arrow);
      }
    };
    this.rows.forEach((row, at) => row.source > 0 && add(row.source, at, "reads"));
    for (const { from, to } of this.trace.handovers) add(from, this.positions.get(to), "handovers");
    return arrows;
  }

  layOut() {
    const width = this.box.clientWidth;
    if (width === 0) return;
    const lanes = this.threads.length;
    const step = 16 + 8 * String(this.rows.findLast((row) => row.step !== undefined)?.step).length;
    const place = width > 760 ? 150 : 0;
    this.narrow = this.options.isNarrow || width < step + place + lanes * 170;
    this.left = this.narrow ? step : step + place;
    this.lane = this.narrow
      ? Math.min(24, Math.max(5, (width * 0.3) / lanes))
      : Math.min(340, Math.floor((width - this.left - 4) / lanes));
    this.box.classList.toggle("narrow", this.narrow);
    this.head.replaceChildren();
    if (!this.narrow) {
      for (const [lane, thread] of this.threads.entries()) {
        const name = element("span", `thread thread-${thread % 8}`, this.trace.threads[thread]);
        name.style.left = `${this.left + lane * this.lane}px`;
        name.style.maxWidth = `${this.lane - 8}px`;
        this.head.append(name);
      }
    }
    this.top = this.narrow ? 0 : this.head.offsetHeight;
    this.draw();
  }

  x(at) {
    return this.left + this.laneOf.get(this.rows[at].thread) * this.lane + Math.min(12, this.lane / 2);
  }

  y(at) {
    return (at - this.first) * ROW + ROW / 2;
  }

  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  draw() {
    const height = this.box.clientHeight || 400;
    const from = Math.floor((this.box.scrollTop - this.top) / ROW) - OVERSCAN;
    this.first = Math.max(0, Math.min(from, this.rows.length - 1));
    this.last = Math.min(this.rows.length - 1, this.first + Math.ceil(height / ROW) + 2 * OVERSCAN);
    this.words.style.top = `${this.first * ROW}px`;
    this.words.replaceChildren(...this.visible().map((at) => this.row(at)));
    this.drawPicture();
  }

  visible() {
    return Array.from({ length: this.last - this.first + 1 }, (_, offset) => this.first + offset);
  }

  row(at) {
    const { thread, step, text, place, switch: switched, verb, waits } = this.rows[at];
    const line = element("div", `row thread-${thread % 8}`);
    line.dataset.at = at;
    line.style.height = `${ROW}px`;
    line.setAttribute("role", "option");
    line.setAttribute("aria-selected", at === this.selected);
    line.classList.toggle("selected", at === this.selected);
    line.classList.toggle("fails", verb === "panics");
    line.classList.toggle("waits", Boolean(waits));
    line.classList.toggle("same", at < (this.options.sameUntil ?? 0));
    const isStep = at === 0 || this.rows[at - 1].step !== step;
    line.append(element("span", "step", isStep ? step : ""));
    if (!this.narrow && this.left > 120) {
      line.append(element("span", "place", place === undefined ? "" : this.options.placeName(place)));
    }
    const words = element("span", "operation");
    if (this.narrow) {
      words.style.left = `${this.left + this.threads.length * this.lane + 8}px`;
      words.append(element("b", "thread", this.trace.threads[thread]), " ");
    } else {
      const left = this.x(at) + 12;
      words.style.left = `${left}px`;
      const lane = this.laneOf.get(thread) + 1;
      const after = lane === this.threads.length ? this.box.clientWidth : this.left + lane * this.lane;
      words.style.maxWidth = `${after - left - 4}px`;
    }
    // Accesses to plain memory have the step of the operation before them.
    const key = waits ? `waits ${thread}` : isStep ? step : `${verb} ${step}`;
    for (const mark of this.options.marks?.get(key) ?? []) {
      const label = element("span", "mark", mark.label);
      label.title = mark.title;
      words.append(label);
      line.classList.add("marked");
    }
    if (switched === "preemption") {
      const before = this.trace.threads[this.rows[at - 1]?.thread];
      const hasRoom = this.narrow || this.lane > 230;
      if (hasRoom) words.append(element("span", "preempts", before === undefined ? "preemption" : `preempts ${before}`));
      line.classList.add("preemption");
    } else if (switched === "switch") {
      line.classList.add("switch");
    }
    words.append(element("span", "text", text));
    words.title = text;
    line.append(words);
    return line;
  }

  drawPicture() {
    const [first, last] = [this.first, this.last];
    const height = (last - first + 1) * ROW;
    this.picture.style.top = `${first * ROW}px`;
    this.picture.setAttribute("height", height);
    this.picture.setAttribute("width", this.box.clientWidth);
    const parts = [];
    for (const [lane, [begins, ends]] of this.spans.entries()) {
      if (ends < first || begins > last) continue;
      const x = this.x(begins);
      const [y1, y2] = [Math.max(0, this.y(begins)), Math.min(height, this.y(ends))];
      parts.push(drawn("line", { x1: x, x2: x, y1, y2, class: `life thread-${this.threads[lane] % 8}` }));
    }
    for (let at = Math.max(1, first); at <= Math.min(last + 1, this.rows.length - 1); at++) {
      if (!this.rows[at].waits) parts.push(this.stretch(at));
    }
    const seen = new Set();
    for (let at = first; at <= last; at++) {
      for (const arrow of this.arrows.get(at) ?? []) {
        if (!seen.has(arrow)) parts.push(...this.arrow(arrow));
        seen.add(arrow);
      }
    }
    for (let at = first; at <= last; at++) {
      const { thread, verb, waits } = this.rows[at];
      const classes = `dot thread-${thread % 8}${at === this.selected ? " selected" : ""}`;
      const fails = waits ? " waits" : verb === "panics" ? " fails" : "";
      const r = at === this.selected ? 6.5 : 4.5;
      parts.push(drawn("circle", { cx: this.x(at), cy: this.y(at), r, class: classes + fails }));
    }
    this.picture.replaceChildren(...parts);
  }

  // The way from the row before: down the lane, or across to another one.
  stretch(at) {
    const [x1, y1, x2, y2] = [this.x(at - 1), this.y(at - 1), this.x(at), this.y(at)];
    const { thread, switch: switched } = this.rows[at];
    if (x1 === x2) return drawn("line", { x1, y1, x2, y2, class: `runs thread-${thread % 8}` });
    const middle = (y1 + y2) / 2;
    const d = `M${x1},${y1} C${x1},${middle} ${x1},${middle} ${(x1 + x2) / 2},${middle} S${x2},${middle} ${x2},${y2}`;
    return drawn("path", { d, class: switched === "preemption" ? "crosses preemption" : "crosses" });
  }

  arrow({ from, to, kind }) {
    const touches = from === this.selected || to === this.selected;
    const isOwn = this.rows[from].thread === this.rows[to].thread;
    if (!this.shows[kind] || (isOwn && !touches)) return [];
    const [x1, y1, x2, y2] = [this.x(from), this.y(from), this.x(to), this.y(to)];
    const classes = `arrow ${kind}${touches ? " touches" : ""}`;
    // It leaves the dot downwards, between the rows, and comes to the other from the left, or from above where that is
    // to the left: nothing else is there.
    const fromLeft = isOwn || x1 < x2;
    const side = isOwn ? -1 : 1;
    const [xEnd, yEnd] = fromLeft ? [x2 - 7, y2] : [x2 + 5, y2 - 6];
    const reach = Math.min(60, Math.abs(y2 - y1) * 0.6);
    const bulge = isOwn ? 22 : Math.min(60, Math.abs(x1 - x2) / 2);
    const leave = fromLeft ? `${x1 + side * (isOwn ? bulge : 3)},${y1 + reach}` : `${x1 - 3},${y1 + reach}`;
    const arrive = fromLeft ? `${xEnd - bulge},${yEnd}` : `${xEnd + bulge},${yEnd - 16}`;
    const d = `M${x1 + (isOwn ? -4 : 0)},${y1 + 5} C${leave} ${arrive} ${xEnd},${yEnd}`;
    const turn = fromLeft ? 0 : 180 - (Math.atan2(16, bulge) * 180) / Math.PI;
    const head = drawn("path", { d: "M1,0 l-8,-4 v8 z", class: `${classes} tip` });
    head.setAttribute("transform", `translate(${xEnd},${yEnd}) rotate(${turn})`);
    return [drawn("path", { d, class: classes }), head];
  }

  select(at) {
    this.selected = at;
    this.reveal(at);
    this.draw();
  }

  // Scrolls as little as is needed, with a few rows around.
  reveal(at) {
    const around = Math.min(3 * ROW, this.box.clientHeight / 4);
    const top = at * ROW;
    const bottom = top + ROW + this.top;
    if (top - around < this.box.scrollTop) this.box.scrollTop = top - around;
    else if (bottom + around > this.box.scrollTop + this.box.clientHeight) {
      this.box.scrollTop = bottom + around - this.box.clientHeight;
    }
  }
}
