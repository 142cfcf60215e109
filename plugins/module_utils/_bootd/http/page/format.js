// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: BSD-2-Clause
// Numbers and times in words, and elements with text. Nothing here, or elsewhere, writes HTML: all is text.

export const STAGES = ["known", "offered", "loading", "script", "kernel", "installing", "installed", "ready", "failed"];

let ahead = 0; // seconds by which bootd's clock is ahead of this one

export function setClock(now) {
  ahead = now - Date.now() / 1000;
}

export function now() {
  return Date.now() / 1000 + ahead;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, "0")}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}m`;
  return `${Math.floor(whole / 86400)}d ${Math.floor((whole % 86400) / 3600)}h`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function clock(at) {
  return new Date(at * 1000).toLocaleTimeString(undefined, { hour12: false });
}

export function date(at) {
  return new Date(at * 1000).toLocaleString(undefined, { hour12: false });
}

export function keyOf(machine) {
  return `${machine.namespace}/${machine.name}`;
}

// How far it is on its way, from 0 to 1, by its stage and by what it loads in it.
export function howFar(machine) {
  if (STAGES.indexOf(machine.stage) >= STAGES.indexOf(machine.last_stage) && machine.stage !== "failed") return 1;
  const steps = machine.stages.filter((step) => step.stage !== "failed");
  const stage = machine.stage === "failed" ? (steps.at(-1)?.stage ?? "known") : machine.stage;
  const percent = machine.stage === "failed" ? 0 : (machine.progress.percent ?? 0);
  return (STAGES.indexOf(stage) + percent / 100) / STAGES.indexOf(machine.last_stage);
}

export function loads(machine) {
  const { what, percent, bytes } = machine.progress;
  if (!what || ["installed", "ready", "failed"].includes(machine.stage)) return "";
  if (percent === null) return `${what} ${size(bytes)}`;
  return percent === 100 ? what : `${what} ${percent} %`;
}

// An element: `make("a", { href: "#/" }, "text", child)`; names without a hyphen that the element has are properties.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
