// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: BSD-2-Clause
// One machine: where it stands, its timeline, what was seen of it, what it would get next, what it says it is.

import { pathOf, read, token, write } from "./api.js";
import { clock, date, duration, keyOf, loads, make, now, setText, size } from "./format.js";
import { draw } from "./timeline.js";

const READ_MILLISECONDS = 1000; // between two questions for its events
const LOOK_MILLISECONDS = 5000; // after which it is asked anyway: a packet that is not answered changes nothing
const IPXE_PAGES = "https://ipxe.org/";

export class MachineView {
  constructor(element, confirm) {
    Object.assign(this, { element, confirm });
    this.key = "";
    this.events = [];
    new ResizeObserver(() => this.machine && this.#draw()).observe(element);
    setInterval(() => {
      this.#tick();
      if (this.machine && !document.hidden && performance.now() - this.asked > LOOK_MILLISECONDS) this.#ask();
    }, 1000);
  }

  open(key, machine, takesWrites) {
    this.key = key;
    [this.events, this.asked, this.client, this.netboot] = [[], 0, "", null];
    this.#frame();
    if (machine) this.show(machine, takesWrites);
    else setText(this.said, "bootd has no Hardware object of it, or not yet.");
    this.title.focus();
  }

  close() {
    [this.key, this.machine] = ["", null];
    this.element.replaceChildren();
  }

  show(machine, takesWrites) {
    if (keyOf(machine) !== this.key) return;
    [this.machine, this.takesWrites] = [machine, takesWrites];
    setText(this.stage, machine.stage);
    this.stage.className = `stage stage-${machine.stage}`;
    setText(this.said, machine.summary || machine.reason);
    this.said.className = machine.error ? "said bad" : "said";
    this.#facts();
    this.#buttons();
    this.#tick();
    this.#draw();
    this.#ask();
    const { stage, netboot } = machine;
    if (this.explained !== `${stage} ${netboot}`) {
      this.explained = `${stage} ${netboot}`;
      this.#explain();
    }
  }

  // The page as it is for every machine.
  #frame() {
    this.machine = null;
    this.explained = "";
    this.title = make("h2", { id: "title-machine", tabIndex: -1 }, this.key.split("/").at(-1));
    this.stage = make("span", { class: "stage" });
    this.since = make("span", { class: "quiet", id: "machine-since" });
    this.actions = make("div", { class: "buttons" });
    this.said = make("p", { class: "said" });
    this.answer = make("p", { class: "said", role: "status" });
    this.chart = make("div", { id: "timeline" });
    this.seen = make("tbody");
    this.packets = make("tbody");
    this.facts = make("dl");
    this.next = make("ol", { class: "steps" });
    this.nextNote = make("p", { class: "said" });
    this.select = make("select", { id: "client" });
    this.select.addEventListener("change", () => {
      this.client = this.select.value;
      this.#showSteps();
    });
    const seen = table("seen", "What was seen of it in this and earlier attempts, the last first",
      ["After", "At", "What", "By", "Sent"], this.seen);
    const packets = table("packets", "What it asked last, the last first, and what bootd answered",
      ["At", "By", "Asked", "Answered", "Why"], this.packets);
    this.element.replaceChildren(
      make("p", { class: "said" }, make("a", { href: "#/" }, "← All machines")),
      make("div", { class: "top" }, this.title, this.stage, this.since, this.actions),
      this.said,
      this.answer,
      make("h3", { id: "title-timeline" }, "Timeline"),
      this.chart,
      make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-labelledby": "title-seen" },
        make("h3", { id: "title-seen" }, "Events"), seen),
      make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-labelledby": "title-packets" },
        make("h3", { id: "title-packets" }, "Packets"), packets),
      make("h3", {}, "What it is"),
      this.facts,
      make("h3", { id: "title-next" }, "What it would get next"),
      make("p", {}, make("label", { htmlFor: "client" }, "Asked by "), this.select),
      this.nextNote,
      this.next,
    );
  }

  #facts() {
    const { machine } = this;
    const sent = Object.entries(machine.bytes).filter(([, bytes]) => bytes);
    const rows = {
      "MAC address": machine.mac,
      Address: machine.ip,
      Namespace: machine.namespace,
      Firmware: machine.firmware,
      Netboot: `${machine.netboot ? "on" : "off"}: ${machine.reason}`,
      "Waits for": machine.waits_for,
      "Comes after": machine.after.join(", "),
      Loads: loads(machine),
      Sent: sent.map(([via, bytes]) => `${size(bytes)} by ${via.toUpperCase()}`).join(", "),
      Configuration: machine.configuration_closed,
      ...machine.facts,
    };
    const shown = Object.entries(rows).filter(([, text]) => text);
    const text = JSON.stringify(shown);
    if (this.factsText === text && this.facts.childElementCount) return;
    this.factsText = text;
    this.facts.replaceChildren(...shown.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }

  #buttons() {
    const { machine } = this;
    const wanted = this.takesWrites && token() ? `${machine.netboot} ${machine.stage === "failed"}` : "";
    if (this.netboot === wanted) return;
    this.netboot = wanted;
    this.actions.replaceChildren();
    if (!wanted) return;
    const button = (text, act) => {
      const made = make("button", { type: "button" }, text);
      made.addEventListener("click", act);
      this.actions.append(made);
    };
    if (machine.stage === "failed") button("Retry", () => this.#write("/retry", {}));
    if (machine.netboot) button("Switch netboot off", () => this.#write("/netboot", { on: false }));
    else button("Switch netboot on", () => this.#switchOn());
  }

  async #switchOn() {
    const text = "Its next boot from the network installs it again: what is on its disks is lost.";
    if (await this.confirm(`Switch netboot of ${this.machine.name} on?`, text, "Switch on")) this.#write("/netboot", { on: true });
  }

  async #write(rest, body) {
    for (const button of this.actions.children) button.disabled = true;
    try {
      const machine = await write(pathOf(this.key, rest), body);
      this.answer.className = "said";
      setText(this.answer, `Done: ${machine.last.what || "nothing had to change"}.`);
    } catch (error) {
      this.answer.className = "said bad";
      setText(this.answer, `Not done: ${error.message}`);
    }
    this.netboot = null;
    this.#buttons();
  }

  #tick() {
    if (!this.machine) return;
    const { machine } = this;
    const attempt = machine.attempt ? `attempt ${machine.attempt}` : "not booted yet";
    const since = machine.attempt || machine.last.at ? `for ${duration(now() - machine.since)}, ` : "";
    const seen = machine.last.at ? `, last seen ${duration(now() - machine.last.at)} ago` : "";
    setText(this.since, since + attempt + seen);
  }

  async #ask() {
    if (this.asking) return;
    this.asking = true;
    const key = this.key;
    await new Promise((done) => setTimeout(done, Math.max(0, this.asked + READ_MILLISECONDS - performance.now())));
    this.asking = false;
    if (this.key !== key) return this.key ? this.#ask() : undefined;
    this.asked = performance.now();
    try {
      const { events, packets } = await read(pathOf(key, "/events"));
      if (this.key !== key || !this.machine) return;
      this.events = events;
      this.#list();
      this.#listPackets(packets);
      this.#draw();
    } catch (error) {
      setText(this.answer, error.message);
    }
  }

  #draw() {
    draw(this.chart, this.machine, this.events);
  }

  #list() {
    const begun = this.machine.stages.find((step) => step.stage !== "known")?.at ?? this.machine.since;
    const rows = this.events.toReversed().map((event) => {
      const what = make("td", { class: "wide" }, event.what);
      if (event.link.startsWith(IPXE_PAGES)) {
        what.append(" ", make("a", { href: event.link, rel: "noreferrer noopener", target: "_blank" }, "what ipxe.org says of it"));
      }
      const took = event.at - event.began;
      if (took >= 1) what.append(` (for ${duration(took)})`);
      const of = event.size && event.size !== event.bytes ? ` of ${size(event.size)}` : "";
      const after = event.at >= begun - 1 ? `+${event.at - begun < 60 ? `${(event.at - begun).toFixed(1)}s` : duration(event.at - begun)}` : "before";
      const sent = event.bytes === null ? "" : size(event.bytes) + of;
      const cells = [after, time(event.at)];
      const numbers = cells.map((cell) => make("td", { class: "number" }, cell));
      return make("tr", {}, ...numbers, what, make("td", {}, event.via.toUpperCase()), make("td", { class: "number" }, sent));
    });
    if (!rows.length) {
      rows.push(make("tr", {}, make("td", { colSpan: 5, class: "quiet" }, "Nothing since bootd was started.")));
    }
    this.seen.replaceChildren(...rows);
  }

  #listPackets(packets) {
    const rows = packets.toReversed().map(({ at, via, asked, answered, why }) => make("tr", {},
      make("td", { class: "number" }, time(at)), make("td", {}, via.toUpperCase()), make("td", { class: "wide" }, asked),
      make("td", { class: answered ? "wide" : "wide quiet" }, answered || "no answer"), make("td", { class: "wide" }, why)));
    if (!rows.length) {
      rows.push(make("tr", {}, make("td", { colSpan: 5, class: "quiet" }, "None since bootd was started.")));
    }
    this.packets.replaceChildren(...rows);
  }

  async #explain() {
    const key = this.key;
    try {
      const found = await read(pathOf(key, "/explain"));
      if (this.key !== key) return;
      this.found = found;
      this.client ||= found.own || "uefi";
      const options = Object.keys(found.clients).map((kind) =>
        make("option", { value: kind, selected: kind === this.client }, kind === found.own ? `${kind} (its own firmware)` : kind));
      this.select.replaceChildren(...options);
      this.#showSteps();
    } catch (error) {
      this.next.replaceChildren(make("li", { class: "bad" }, error.message));
    }
  }

  #showSteps() {
    const found = this.found?.clients[this.client];
    if (!found) return;
    const { present, problems, made } = this.found.configuration;
    const configuration = made ? "bootd makes its configuration." : present ? "bootd has a configuration for it." : "bootd has no configuration for it.";
    const notes = [...problems, ...found.problems.map((item) => `${item.where}: ${item.message}`)];
    if (found.waits_for) notes.unshift(`It would wait for ${found.waits_for}.`);
    if (found.other_architecture) notes.unshift(found.other_architecture);
    setText(this.nextNote, [configuration, ...notes].join(" "));
    this.nextNote.className = notes.length ? "said warn" : "said quiet";
    this.next.replaceChildren(...found.steps.map(step));
  }
}

function table(id, caption, titles, rows) {
  const heads = titles.map((name) => make("th", { scope: "col" }, name));
  return make("table", { id }, make("caption", {}, caption), make("thead", {}, make("tr", {}, ...heads)), rows);
}

function time(at) {
  return make("time", { dateTime: new Date(at * 1000).toISOString(), title: date(at) }, clock(at));
}

function step({ client, asks, gets, refused, missing, because }) {
  const item = make("li", {}, make("b", {}, client), asks ? `: ${asks}` : "");
  const wrong = missing || (refused && (asks ? `refused: ${refused}` : refused));
  if (wrong) item.append(make("div", { class: missing ? "bad" : "warn" }, wrong));
  const { script, ...rest } = gets;
  const told = Object.entries(rest).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ");
  if (told) item.append(make("div", { class: "mono" }, told));
  if (script) {
    const lines = `${script.trimEnd().split("\n").length} lines`;
    item.append(make("details", {}, make("summary", {}, `the script, ${lines}`), make("pre", { tabIndex: 0 }, script)));
  }
  if (because) item.append(make("div", { class: "quiet" }, because));
  return item;
}
