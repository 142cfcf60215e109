// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: BSD-2-Clause
// What is asked of bootd, and the token for what is changed: in this tab only, and sent in a header, never in a URL.

const KEPT = "bootd-admin-token";

export function token() {
  return sessionStorage.getItem(KEPT) ?? "";
}

export function keepToken(text) {
  if (text) sessionStorage.setItem(KEPT, text);
  else sessionStorage.removeItem(KEPT);
}

export function pathOf(key, rest = "") {
  return `/api/v1/machines/${key.split("/").map(encodeURIComponent).join("/")}${rest}`;
}

export async function read(path) {
  const answer = await fetch(path);
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.reason ?? answer.statusText);
  return document;
}

export async function write(path, body = {}) {
  const headers = { Authorization: `Bearer ${token()}`, "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const document = await answer.json();
  if (answer.status === 401 || answer.status === 403) keepToken("");
  if (!answer.ok) throw new Error(document.reason ?? answer.statusText);
  return document;
}

// `heard` has a function for each kind of event. The browser asks again by itself, and tells what it heard last.
export function follow(heard, told) {
  const source = new EventSource("/api/v1/events");
  for (const [kind, take] of Object.entries(heard)) {
    source.addEventListener(kind, (event) => take(JSON.parse(event.data)));
  }
  source.addEventListener("open", () => told(true));
  source.addEventListener("error", () => {
    told(false);
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      setTimeout(() => follow(heard, told), 5000);
    }
  });
}
