"use strict";
// What stands beside the time line: the operation in all its parts, the source around it, and what has become of objects.

// More are not shown at once.
const SHOWN_OBJECTS = 40;

class Panels {
  constructor(report, sources) {
    Object.assign(this, { report, sources, rows: report.trace.rows });
    this.history = new Map();
    this.first = new Map();
    this.positions = new Map();
    this.ofThread = new Map();
    this.rows.forEach((row, at) => {
      if (!this.positions.has(row.step)) this.positions.set(row.step, at);
      if (!this.ofThread.has(row.thread)) this.ofThread.set(row.thread, []);
      if (row.place !== undefined) this.ofThread.get(row.thread).push(at);
      const before = row.old ?? (row.source === 0 ? row.read : undefined);
      if (row.object !== undefined && !this.history.has(row.object) && before !== undefined) {
        this.first.set(row.object, before);
      }
      for (const { object, state } of row.states ?? []) {
        if (!this.history.has(object)) this.history.set(object, { at: [], states: [] });
        this.history.get(object).at.push(at);
        this.history.get(object).states.push(state);
      }
    });
  }

  placeName(place) {
    const { file, line } = this.report.places[place];
    return `${file.split("/").at(-1)}:${line}`;
  }

  show(at) {
    document.getElementById("operation").replaceChildren(...this.operation(at));
    document.getElementById("source").replaceChildren(...this.source(at));
    document.getElementById("values").replaceChildren(this.values(at));
  }

  operation(at) {
    const row = this.rows[at];
    const title = element("p", "what");
    title.append(element("b", `thread thread-${row.thread % 8}`, this.report.trace.threads[row.thread]));
    title.append(" ", element("span", "text", row.text));
    const facts = element("dl");
    const fact = (name, value) => value !== undefined && facts.append(element("dt", "", name), element("dd", "", value));
    fact("object", row.object === undefined ? undefined : this.objectFact(row.object));
    fact("ordering", row.ordering);
    fact("before", row.old);
    fact("written", row.new);
    fact("read", row.read);
    fact("last", row.last === undefined ? undefined : `${row.last}, which is not what was ${row.stale ? "read" : "written"}`);
    if (row.source === 0) fact("comes from", "the beginning");
    else if (row.source !== undefined) {
      const store = this.rows[this.positions.get(row.source)];
      const by = store ? `, ${this.report.trace.threads[store.thread]}` : "";
      fact("comes from", `step ${row.source}${by}`);
    }
    fact("ended", row.ended?.replaceAll("-", " "));
    if (row.other_thread !== undefined) fact("other thread", this.report.trace.threads[row.other_thread]);
    for (const { from, kind } of this.report.trace.handovers.filter(({ to }) => to === row.step && this.positions.get(to) === at)) {
      const giver = this.rows[this.positions.get(from)];
      if (giver) fact(kind, `from ${this.report.trace.threads[giver.thread]} at step ${from}`);
    }
    if (row.switch) fact("switch", row.switch === "preemption" ? "a preemption" : "the other could not go on");
    return [title, facts];
  }

  objectFact(object) {
    const { name, made_at: madeAt } = this.report.objects[object];
    return `${name}, made at ${this.placeName(madeAt)}`;
  }

  source(at) {
    // Where an operation has no place, that of its thread before.
    const placed = this.ofThread.get(this.rows[at].thread);
    const place = this.rows[placed[lastUpTo(placed, at)]]?.place;
    if (place === undefined) return [];
    const { file, line, column } = this.report.places[place];
    const title = element("h3", "file", `${file}:${line}:${column}`);
    const lines = this.sources[file];
    if (!lines) return [title, element("p", "missing", "The source was not at hand.")];
    const listing = element("pre", "listing");
    const present = this.present(at, file);
    for (let number = line - 8; number <= line + 8; number++) {
      const text = lines[number];
      if (text === undefined) continue;
      const row = element("div", number === line ? "line now" : "line");
      const code = element("code", "", text || " ");
      if (number === line) code.replaceChildren(...this.pointed(text, column));
      row.append(element("span", "number", number), code);
      const here = element("span", "present");
      for (const thread of present.get(number) ?? []) {
        here.append(element("span", `here thread thread-${thread % 8}`, this.report.trace.threads[thread]));
      }
      if (here.hasChildNodes()) row.append(here);
      listing.append(row);
    }
    return [title, listing];
  }

  // A line with the word underlined that begins at a column.
  pointed(text, column) {
    const characters = [...text];
    const [before, from] = [characters.slice(0, column - 1).join(""), characters.slice(column - 1).join("")];
    const word = from.match(/^[\p{L}\p{N}_]+!?|^./u)?.[0] ?? "";
    return [before, element("u", "", word), from.slice(word.length)];
  }

  // Where in a file the threads stand, by line.
  present(at, file) {
    const present = new Map();
    for (const [thread, rows] of this.ofThread) {
      const last = rows[lastUpTo(rows, at)];
      if (last === undefined) continue;
      const place = this.report.places[this.rows[last].place];
      if (place.file === file) present.set(place.line, [...(present.get(place.line) ?? []), thread]);
    }
    return present;
  }

  values(at) {
    const touched = new Set(this.rows[at].states?.map(({ object }) => object));
    let known = [...this.history].map(([object, { at: rows, states }]) => {
      const last = lastUpTo(rows, at);
      const state = last < 0 ? this.first.get(object) : states[last];
      return { object, state, when: last < 0 ? -1 : rows[last] };
    });
    const hidden = known.length - SHOWN_OBJECTS;
    if (hidden > 0) known = known.sort((a, b) => b.when - a.when).slice(0, SHOWN_OBJECTS);
    known.sort((a, b) => a.object - b.object);
    const table = element("table");
    for (const { object, state } of known) {
      const row = element("tr", touched.has(object) ? "changed" : "");
      row.append(element("th", "", this.report.objects[object].name), element("td", "", state ?? "—"));
      table.append(row);
    }
    if (known.length === 0) table.append(element("caption", "", "none has a state"));
    if (hidden > 0) table.append(element("caption", "", `${hidden} more, which were changed longer ago`));
    return table;
  }
}
