// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: BSD-2-Clause
// The machines that nobody has an object of, and bootd itself.

import { date, duration, make, now } from "./format.js";

const SHOWN = 200; // problems, or machines

export function drawUnknown(element, unknown) {
  const titles = ["MAC address", "What it is", "Wants to boot", "Address", "Where", "Seen", "Times"];
  const rows = unknown.slice(0, SHOWN).map((machine) => {
    const what = [machine.architecture, machine.vendor_class, machine.user_class, machine.hostname].filter(Boolean).join(", ");
    const where = [machine.interface, machine.relay && `relay ${machine.relay}`, machine.circuit_id].filter(Boolean).join(", ");
    const cells = [machine.wants_to_boot ? "yes" : "no", machine.address, where, `${duration(now() - machine.last)} ago`, String(machine.count)];
    return make("tr", {}, make("td", { class: "mono" }, machine.mac), make("td", { class: "wide" }, what), ...cells.map((text) => make("td", {}, text)));
  });
  const note = "They asked, and there is no Hardware object with their MAC address. What they say of themselves anybody can make up.";
  element.replaceChildren(
    heading("unknown", "Unknown machines"),
    make("p", { class: "quiet" }, rows.length ? note : "Nobody has asked who is not known."),
    ...(rows.length ? [table("Unknown machines, the one seen last first", titles, rows)] : []),
    ...more(unknown.length),
  );
}

export function drawHealth(element, health) {
  if (!health) return;
  const good = !health.faults.length && health.ready;
  const facts = {
    Version: health.version,
    Running: `for ${duration(now() - health.started)}, since ${date(health.started)}`,
    Machines: String(health.machines),
    "Unknown machines": String(health.unknown),
    Changes: health.takes_writes ? "whoever has the admin token may switch netboot" : "nobody may change anything here: there is no admin token",
  };
  const problems = [
    ...health.faults.map((text) => ["bad", "bootd", text]),
    ...health.problems.map(({ where, message }) => ["bad", where, message]),
    ...health.warnings.map(({ where, message }) => ["warn", where, message]),
  ];
  const rows = problems.slice(0, SHOWN).map(([kind, where, message]) =>
    make("tr", {}, make("td", { class: kind }, kind === "bad" ? "problem" : "warning"), make("td", { class: "wide" }, where), make("td", { class: "wide" }, message)));
  const programs = health.boot_programs.map(({ file, architectures, there }) =>
    make("tr", {}, make("td", { class: "mono" }, file), make("td", {}, architectures.join(", ")), make("td", { class: there ? "" : "warn" }, there ? "yes" : "missing")));
  element.replaceChildren(
    heading("bootd", "bootd itself"),
    make("p", { class: good ? "" : "bad" }, good ? "Every server answers." : "Not every server answers, see below."),
    make("dl", {}, ...Object.entries(facts).flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])),
    make("h3", {}, "Problems"),
    rows.length ? table("What is wrong, and what will be missing", ["", "Where", "What"], rows) : make("p", { class: "quiet" }, "None."),
    ...more(problems.length),
    make("h3", {}, "Boot programs"),
    table("What firmware is told to load, by its architecture (DHCP option 93)", ["File", "Architectures", "Found"], programs),
  );
}

function heading(name, text) {
  return make("h2", { id: `title-${name}`, tabIndex: -1 }, text);
}

function more(number) {
  return number > SHOWN ? [make("p", { class: "quiet" }, `and ${number - SHOWN} more`)] : [];
}

function table(caption, titles, rows) {
  const head = make("tr", {}, ...titles.map((title) => (title ? make("th", { scope: "col" }, title) : make("td"))));
  const made = make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...rows));
  return make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": caption }, made);
}
