// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: BSD-2-Clause
// The page: it follows bootd's events and shows one of its views, by what stands after # in the address.

import { follow, keepToken, read, token } from "./api.js";
import { keyOf, setClock, setText } from "./format.js";
import { MachineView } from "./machine.js";
import { drawHealth, drawUnknown } from "./others.js";
import { Table } from "./table.js";

const NEWS_MILLISECONDS = 5000; // between two announcements to screen readers
const ENDS = ["failed", "installed", "ready"];
const at = (id) => document.getElementById(id);

const table = new Table(at("rows"), at("stages"), at("find"), at("none"));
const view = new MachineView(at("view-machine"), confirm);
let shown = "";
let health = null;
let unknown = [];
let anew = null; // keys that came since a reset, until all has come
const news = new Map(); // stage -> names, until they are announced

follow(
  {
    reset: () => {
      anew = new Set();
    },
    machine: (machine) => {
      const key = keyOf(machine);
      const before = table.machines.get(key);
      if (before && before.stage !== machine.stage && ENDS.includes(machine.stage)) announce(machine);
      anew?.add(key);
      table.put(machine);
      if (key === view.key) view.show(machine, Boolean(health?.takes_writes));
    },
    removed: (machine) => {
      const key = keyOf(machine);
      table.remove(key);
      if (key === view.key) view.open(key, undefined, false);
    },
    complete: () => {
      if (anew) table.keepOnly(anew);
      anew = null;
      document.documentElement.dataset.complete = "yes";
    },
    unknown: (document) => {
      unknown = document.unknown;
      setText(at("unknown-count"), unknown.length ? String(unknown.length) : "");
      if (shown === "unknown") drawUnknown(at("view-unknown"), unknown);
    },
    health: (document) => {
      health = document;
      const wrong = health.faults.length + health.problems.length;
      setText(at("health-mark"), counted(wrong, "problem") || counted(health.warnings.length, "warning"));
      at("health-mark").className = wrong ? "count bad" : "count";
      if (shown === "bootd") drawHealth(at("view-bootd"), health);
      showToken();
    },
  },
  async (live) => {
    setText(at("connection"), live ? "Live" : "Connection lost, trying again");
    at("connection").className = live ? "live" : "";
    if (live) setClock((await read("/api/v1/health")).now);
  },
);

function counted(number, name) {
  return number ? `${number} ${name}${number > 1 ? "s" : ""}` : "";
}

function announce(machine) {
  if (!news.size) setTimeout(tell, NEWS_MILLISECONDS);
  news.set(machine.stage, [...(news.get(machine.stage) ?? []), machine.name]);
}

function tell() {
  const parts = [...news].map(([stage, names]) => `${names.length > 3 ? `${names.length} machines` : names.join(", ")} ${stage}`);
  news.clear();
  setText(at("news"), parts.join("; "));
}

function route() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const from = view.key;
  shown = ["machine", "unknown", "bootd"].includes(name) ? name : "machines";
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `view-${shown}`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  view.close();
  if (shown === "machine") {
    const key = rest.map(decodeURIComponent).join("/");
    view.open(key, table.machines.get(key), Boolean(health?.takes_writes));
  } else if (shown === "unknown") drawUnknown(at("view-unknown"), unknown);
  else if (shown === "bootd") drawHealth(at("view-bootd"), health);
  document.title = shown === "machine" ? `${view.title.textContent} – bootd` : "bootd";
  if (shown === "machines" && from) table.focus(from);
  else if (shown !== "machine" && document.readyState === "complete") at(`title-${shown}`)?.focus();
}

function showToken() {
  at("token-button").hidden = !health?.takes_writes;
  setText(at("token-button"), token() ? "Forget token" : "Enter token");
  if (view.machine) view.show(view.machine, Boolean(health?.takes_writes));
}

function confirm(title, text, yes) {
  setText(at("confirm-title"), title);
  setText(at("confirm-text"), text);
  setText(at("confirm-ok"), yes);
  return ask(at("confirm-dialog"), at("confirm-ok"), at("confirm-cancel"));
}

// Opens a dialog; resolves to whether it was agreed to. Escape is no.
function ask(dialog, ok, cancel) {
  return new Promise((resolve) => {
    ok.onclick = () => dialog.close("ok");
    cancel.onclick = () => dialog.close("");
    dialog.onclose = () => resolve(dialog.returnValue === "ok");
    dialog.returnValue = "";
    dialog.showModal();
  });
}

at("token-button").addEventListener("click", async () => {
  if (token()) keepToken("");
  else {
    at("token-warning").hidden = window.isSecureContext;
    at("token").onkeydown = (event) => event.key === "Enter" && at("token-ok").click();
    if (await ask(at("token-dialog"), at("token-ok"), at("token-cancel"))) keepToken(at("token").value.trim());
    at("token").value = "";
  }
  showToken();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, dialog");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    if (shown !== "machines") location.hash = "#/";
    at("find").focus();
    event.preventDefault();
  } else if (event.key === "Escape" && shown === "machine" && !typing) location.hash = "#/";
});
window.addEventListener("hashchange", route);
route();
