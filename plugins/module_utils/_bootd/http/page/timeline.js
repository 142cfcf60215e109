// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: BSD-2-Clause
// One attempt of a machine drawn to scale: its stages, what it loads, what it waits for, and what was seen.

import { clock, duration, make, now, size } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800];
const LANES = ["Stage", "Loads", "Waits", "Events"];
const [LEFT, RIGHT, LANE, TOP, BAR] = [64, 10, 30, 6, 20];
const SILENCE = 20; // seconds without a sign, from which on a gap is drawn
const WRONG = ["boot_error", "overdue", "refused", "decline", "configuration_leak"];

// What there is to draw, in seconds since the epoch.
export function spansOf(machine, events) {
  const steps = machine.stages;
  // How long it was known before it was switched on is no part of the boot.
  const begun = steps.length > 1 && steps[0].stage === "known" ? steps.slice(1) : steps;
  const start = begun.length ? begun[0].at : machine.since;
  const over = ["installed", "ready", "failed", "known"].includes(machine.stage);
  const end = Math.max(over ? Math.max(machine.last.at, machine.since) : now(), start + 1);
  const own = events.filter((event) => event.at >= start - 1);
  const stages = begun.map((step, index) => ({ ...step, end: begun[index + 1]?.at ?? end }));
  const sent = own.filter((event) => event.bytes !== null || event.kind === "progress");
  const held = own.filter((event) => event.kind === "held");
  const signs = [start, ...begun.map((step) => step.at), ...own.flatMap((event) => [event.began, event.at])];
  signs.sort((a, b) => a - b);
  const silence = [...signs, over ? signs.at(-1) : end]
    .map((at, index, all) => ({ began: all[index - 1] ?? at, at }))
    .filter((gap) => gap.at - gap.began >= Math.max(SILENCE, (end - start) / 50))
    .filter((gap) => !own.some((event) => event.began <= gap.began && event.at >= gap.at));
  return { start, end, stages, sent, held, silence, points: own };
}

export function draw(holder, machine, events) {
  const spans = spansOf(machine, events);
  if (!machine.attempt && !spans.points.length) {
    holder.replaceChildren(make("p", { class: "quiet" }, "Nothing to draw: it has not booted yet."));
    return;
  }
  const width = Math.max(280, holder.clientWidth);
  const height = TOP + LANES.length * LANE + 22;
  const scale = (width - LEFT - RIGHT) / (spans.end - spans.start);
  const x = (at) => LEFT + (Math.min(Math.max(at, spans.start), spans.end) - spans.start) * scale;
  const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-labelledby": "timeline-title" });
  svg.append(text("title", { id: "timeline-title" }, summary(machine, spans)), patterns());
  grid(svg, spans, scale, x, height, width);
  LANES.forEach((name, lane) => svg.append(text("text", { x: 0, y: middle(lane) + 4, class: "quiet" }, name)));
  for (const item of spans.stages) {
    bar(svg, x(item.at), x(item.end), 0, item.stage, `${item.stage} for ${duration(item.end - item.at)}`, item.stage);
  }
  for (const item of spans.sent) {
    const told = item.bytes === null ? "" : size(item.bytes);
    const label = item.kind === "progress" ? item.what.replace(/^sending /, "") : "";
    bar(svg, x(item.began), x(item.at), 1, "sent", `${item.what}, ${told}`, label || told);
  }
  for (const item of spans.silence) {
    bar(svg, x(item.began), x(item.at), 2, "", `nothing was heard for ${duration(item.at - item.began)}`, "", "silence");
  }
  for (const item of spans.held) {
    bar(svg, x(item.began), x(item.at), 2, "", `${item.what}, for ${duration(item.at - item.began)}`, "", "hatch");
  }
  for (const item of spans.points) {
    const wrong = WRONG.includes(item.kind) || (item.kind === "report" && item.what.includes("failed"));
    const point = node("circle", { cx: x(item.at), cy: middle(3), r: 4, class: wrong ? "point wrong" : "point" });
    point.append(text("title", {}, `${clock(item.at)} ${item.what}`));
    svg.append(point);
  }
  const names = spans.stages.map(({ stage, at, end }) =>
    make("li", { class: `stage stage-${stage}` }, end - at < 1 ? stage : `${stage} ${duration(end - at)}`));
  holder.replaceChildren(svg, make("ul", { "aria-label": "Stages" }, ...names));
}

function summary(machine, spans) {
  const stages = spans.stages.map((item) => `${item.stage} ${duration(item.end - item.at)}`).join(", ");
  return `Attempt ${machine.attempt} of ${machine.name}, ${duration(spans.end - spans.start)}: ${stages}`;
}

function grid(svg, spans, scale, x, height, width) {
  const step = STEPS.find((seconds) => seconds * scale >= 64) ?? STEPS.at(-1);
  for (let at = 0; at <= spans.end - spans.start; at += step) {
    const place = x(spans.start + at);
    svg.append(node("line", { x1: place, x2: place, y1: TOP, y2: height - 16, class: "grid" }));
    // The beginning is told by the clock, which takes more room than one step.
    if (at && (place < LEFT + 84 || place > width - 24)) continue;
    const label = at ? `+${short(at)}` : clock(spans.start);
    svg.append(text("text", { x: place, y: height - 3, "text-anchor": at ? "middle" : "start", class: "quiet" }, label));
  }
}

function short(seconds) {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return seconds % 60 ? `${Math.floor(seconds / 60)}m${seconds % 60}` : `${seconds / 60}m`;
  if (seconds < 86400) return seconds % 3600 ? `${Math.floor(seconds / 3600)}h${(seconds % 3600) / 60}` : `${seconds / 3600}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

function bar(svg, from, to, lane, name, title, label, hatch = "") {
  const width = Math.max(to - from, 2);
  const attributes = { x: from, y: middle(lane) - BAR / 2, width, height: BAR, class: name, rx: 2 };
  const rect = node("rect", hatch ? { ...attributes, fill: `url(#${hatch})` } : attributes);
  rect.append(text("title", {}, title));
  svg.append(rect);
  // Where it does not fit in, the list or the table below has it.
  if (label && width > label.length * 6.6 + 8) {
    svg.append(text("text", { x: from + 5, y: middle(lane) + 4, class: lane ? "" : "on" }, label));
  }
}

function patterns() {
  const defs = node("defs", {});
  for (const name of ["hatch", "silence"]) {
    const pattern = node("pattern", { id: name, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(node("line", { x1: 0, x2: 0, y1: 0, y2: 6, class: name }));
    defs.append(pattern);
  }
  return defs;
}

function middle(lane) {
  return TOP + lane * LANE + LANE / 2;
}

function node(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function text(tag, attributes, content) {
  const element = node(tag, attributes);
  element.textContent = content;
  return element;
}
