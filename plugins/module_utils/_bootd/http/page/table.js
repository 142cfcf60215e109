// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: BSD-2-Clause
// The table of machines. Changes are gathered until the next frame, and a frame spends a few milliseconds on them: a row
// is changed only where its text is another, and only the rows in sight count their seconds.

import { STAGES, duration, howFar, keyOf, loads, make, now, setText } from "./format.js";

const FRAME_MILLISECONDS = 6;
const byName = new Intl.Collator(undefined, { numeric: true }).compare;

export class Table {
  constructor(element, chips, find, none) {
    Object.assign(this, { element, chips, find, none });
    this.machines = new Map(); // key -> document
    this.rows = new Map(); // key -> row
    this.order = []; // keys as they stand
    this.due = new Set(); // keys of rows to be made, changed or removed
    this.visible = new Set(); // rows
    this.stage = "";
    this.frame = 0;
    this.observer = new IntersectionObserver((seen) => this.#seen(seen), { rootMargin: "100px" });
    this.buttons = new Map(STAGES.map((stage) => [stage, this.#chip(stage)]));
    find.addEventListener("input", () => this.filter());
    element.addEventListener("keydown", (event) => this.#move(event));
    setInterval(() => this.#tick(), 1000);
  }

  put(machine) {
    this.machines.set(keyOf(machine), machine);
    this.#later(keyOf(machine));
  }

  remove(key) {
    this.machines.delete(key);
    this.#later(key);
  }

  keepOnly(keys) {
    for (const key of [...this.machines.keys()]) if (!keys.has(key)) this.remove(key);
  }

  filter() {
    for (const row of this.rows.values()) this.#hide(row);
    this.#count();
  }

  focus(key) {
    this.rows.get(key)?.link.focus();
  }

  #later(key) {
    this.due.add(key);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.frame = 0;
    const began = performance.now();
    for (const key of this.due) {
      this.due.delete(key);
      const machine = this.machines.get(key);
      if (machine === undefined) this.#drop(key);
      else this.#show(this.rows.get(key) ?? this.#add(key), machine);
      if (performance.now() - began > FRAME_MILLISECONDS) break;
    }
    if (this.due.size) this.frame = requestAnimationFrame(() => this.#draw());
    else this.#count();
  }

  #add(key) {
    const cell = (name, ...children) => make("span", { role: "cell", class: name }, ...children);
    const link = make("a", { href: `#/machine/${key.split("/").map(encodeURIComponent).join("/")}` });
    const fill = make("i");
    const bar = make("span", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
    const what = make("span", { class: "loads" });
    const [name, stage, progress] = [cell("name", link), cell("stage"), cell("progress", bar, what)];
    const [inStage, attempt, last, seen, address] = ["number", "number", "last", "number", "mono"].map((it) => cell(it));
    const element = make("div", { role: "row", class: "row" }, name, stage, progress, inStage, attempt, last, seen, address);
    const row = { key, element, link, bar, fill, what, stage, inStage, attempt, last, seen, address };
    const place = this.#place(key);
    this.element.insertBefore(element, this.rows.get(this.order[place])?.element ?? null);
    this.order.splice(place, 0, key);
    this.rows.set(key, row);
    element.row = row;
    this.observer.observe(element);
    return row;
  }

  #place(key) {
    let [low, high] = [0, this.order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byName(this.order[middle], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(key) {
    const row = this.rows.get(key);
    if (!row) return;
    this.observer.unobserve(row.element);
    this.visible.delete(row);
    row.element.remove();
    this.rows.delete(key);
    this.order.splice(this.order.indexOf(key), 1);
  }

  #show(row, machine) {
    row.machine = machine;
    setText(row.link, machine.name);
    row.link.title = row.key;
    setText(row.stage, machine.stage);
    row.stage.className = `stage stage-${machine.stage}`;
    const percent = Math.round(100 * howFar(machine));
    if (row.percent !== percent || row.barStage !== machine.stage) {
      row.fill.style.transform = `scaleX(${percent / 100})`;
      row.bar.setAttribute("aria-valuenow", percent);
      row.bar.setAttribute("aria-label", `${machine.name}, ${machine.stage}`);
      row.bar.className = `bar stage-${machine.stage}`;
      [row.percent, row.barStage] = [percent, machine.stage];
    }
    setText(row.what, loads(machine));
    setText(row.attempt, machine.attempt ? String(machine.attempt) : "–");
    setText(row.last, machine.summary || (machine.netboot ? "nothing seen yet" : machine.reason));
    row.last.className = machine.error ? "last bad" : "last";
    row.last.title = row.last.textContent;
    setText(row.address, machine.ip || machine.mac || "–");
    row.address.title = machine.mac;
    this.#age(row);
    this.#hide(row);
  }

  #age(row) {
    const { since, last, attempt } = row.machine;
    setText(row.inStage, since && (attempt || last.at) ? duration(now() - since) : "–");
    setText(row.seen, last.at ? duration(now() - last.at) : "–");
  }

  #hide(row) {
    const text = this.find.value.trim().toLowerCase();
    const { machine } = row;
    const there = !text || [row.key, machine.mac, machine.ip, machine.summary].some((it) => it.toLowerCase().includes(text));
    const hidden = !there || (this.stage !== "" && machine.stage !== this.stage);
    if (row.element.hidden !== hidden) row.element.hidden = hidden;
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        this.visible.add(target.row);
        this.#age(target.row);
      } else this.visible.delete(target.row);
    }
  }

  #tick() {
    if (!document.hidden) for (const row of this.visible) this.#age(row);
  }

  #chip(stage) {
    const number = make("b");
    const button = make("button", { type: "button", class: `stage stage-${stage}`, "aria-pressed": "false", hidden: true }, stage, number);
    button.addEventListener("click", () => {
      this.stage = this.stage === stage ? "" : stage;
      for (const [name, { button: other }] of this.buttons) other.setAttribute("aria-pressed", String(name === this.stage));
      this.filter();
    });
    this.chips.append(button);
    return { button, number };
  }

  #count() {
    const numbers = new Map(STAGES.map((stage) => [stage, 0]));
    for (const { stage } of this.machines.values()) numbers.set(stage, numbers.get(stage) + 1);
    for (const [stage, { button, number }] of this.buttons) {
      setText(number, String(numbers.get(stage)));
      button.hidden = !numbers.get(stage) && this.stage !== stage;
    }
    this.element.parentElement.setAttribute("aria-rowcount", this.machines.size + 1);
    const shown = this.find.value || this.stage ? [...this.rows.values()].some((row) => !row.element.hidden) : this.rows.size;
    this.none.hidden = Boolean(shown);
    setText(this.none, this.machines.size ? "No machine is like that." : "bootd knows no machines: there are no Hardware objects.");
  }

  #move(event) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    let row = event.target.closest(".row");
    if (!step || !row) return;
    do row = row[step];
    while (row?.hidden);
    row?.row.link.focus();
    event.preventDefault();
  }
}
