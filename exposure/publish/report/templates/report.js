// Searches, sorts, filters and opens the wallets. All text goes in as text; nothing is asked of the network.
"use strict";
(async () => {
  const block = document.getElementById("data");
  if (!block || !globalThis.DecompressionStream) return;
  const bytes = Uint8Array.from(atob(block.textContent), (letter) => letter.charCodeAt(0));
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const cut = text.indexOf("\n\n");
  const lines = (part) => part.split("\n").filter(Boolean);
  const stories = lines(text.slice(cut + 2));
  const wallets = lines(text.slice(0, cut)).map((line, place) => {
    const [address, verdict, did, when, tied, harm, lost, save, approvals, lostRank, saveRank] = JSON.parse(line);
    const codes = stories[place] ? JSON.parse(stories[place])[0].map((reason) => reason[0]).join(" ") : "";
    return { place, address, verdict, did, when, tied, harm, lost, save, approvals, lostRank, saveRank, codes,
      text: [address, verdict.replaceAll("_", " "), did, harm, tied, codes].join(" ").toLowerCase() };
  });
  const at = (id) => document.getElementById(id);
  const make = (tag, parent, text, kind) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    parent.append(made);
    return made;
  };
  const EACH = 50;
  const keys = { verdict: (w) => w.place, address: (w) => w.address.toLowerCase(), when: (w) => w.when || "~", harm: (w) => w.harm, lost: (w) => -w.lostRank, save: (w) => -w.saveRank };
  const state = { sort: "verdict", down: false, page: 0, shown: wallets };

  for (const harm of [...new Set(wallets.map((wallet) => wallet.harm))].sort()) make("option", at("harm"), harm).value = harm;

  function choose() {
    const words = at("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = at("verdict").value, harm = at("harm").value, key = keys[state.sort];
    const found = wallets.filter((w) => (!verdict || w.verdict === verdict) && (!harm || w.harm === harm) && words.every((word) => w.text.includes(word)));
    const sign = state.down ? -1 : 1;
    const pairs = found.map((w) => [key(w), w]);
    pairs.sort((a, b) => (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : a[1].place - b[1].place));
    state.shown = pairs.map((pair) => pair[1]);
    state.page = 0;
    show();
  }

  function amounts(cell, parts, label) {
    cell.className = "n";
    if (parts.length) cell.dataset.label = label;
    for (const part of parts) {
      const [, head, rest, unit] = /^([0-9,]*\.?[0-9]{0,4})([0-9]*)(.*)$/s.exec(part);
      const line = make("div", cell, head, "amount");
      if (rest) make("span", line, rest, "dim");
      line.append(unit);
    }
  }

  function story(place, cell) {
    if (!stories[place]) { make("p", cell, "Its evidence is in the sheet.", "soft"); return; }
    const [reasons, remedy, notCovered, happened] = JSON.parse(stories[place]);
    const table = make("table", cell, undefined, "reasons"), body = make("tbody", table);
    for (const [code, weight, why, ref] of reasons) {
      const row = make("tr", body);
      make("td", row, code);
      make("td", row, weight);
      make("code", make("td", row, why + " "), ref, "dim");
    }
    if (happened.length) {
      make("p", cell, "What happened (UTC):", "soft");
      const list = make("ul", cell, undefined, "happened");
      for (const line of happened) make("li", list, line);
    }
    if (remedy) make("p", cell, "To do: " + remedy, "soft");
    if (notCovered) make("p", cell, "Not looked at: " + notCovered, "soft");
  }

  function show() {
    const last = Math.max(0, Math.ceil(state.shown.length / EACH) - 1);
    state.page = Math.min(Math.max(state.page, 0), last);
    const body = at("rows");
    body.replaceChildren();
    for (const w of state.shown.slice(state.page * EACH, (state.page + 1) * EACH)) {
      const row = make("tr", body, undefined, "v-" + w.verdict);
      const verdict = make("td", row, undefined, "verdict");
      make("span", verdict, undefined, "dot");
      verdict.append(w.verdict.replaceAll("_", " "));
      const who = make("td", row);
      make("span", who, w.address, "address");
      who.append(w.did + " ");
      make("span", who, w.when + (w.tied ? ` (${w.tied})` : ""), "dim");
      make("td", row, w.harm + (w.approvals ? `, ${w.approvals} live approval${w.approvals === 1 ? "" : "s"} to the attacker` : ""));
      amounts(make("td", row), w.lost, "lost");
      amounts(make("td", row), w.save, "still to save");
      const cell = make("td", make("tr", body, undefined, "why"));
      cell.colSpan = 5;
      const details = make("details", cell);
      make("summary", details, "Story" + (w.codes ? ": " + [...new Set(w.codes.split(" "))].join(", ") : ""));
      details.addEventListener("toggle", () => { if (details.open && details.childElementCount === 1) story(w.place, details); });
    }
    at("found").textContent = `${state.shown.length.toLocaleString("en")} of ${wallets.length.toLocaleString("en")} wallets`;
    at("page").textContent = `${state.page + 1} of ${last + 1}`;
    at("before").disabled = state.page === 0;
    at("after").disabled = state.page === last;
    for (const button of document.querySelectorAll("[data-sort]")) {
      const mine = button.dataset.sort === state.sort;
      button.toggleAttribute("aria-current", mine);
      const head = button.closest("th");
      if (mine) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else if (!head.querySelector(`[data-sort="${state.sort}"]`)) head.removeAttribute("aria-sort");
    }
  }

  for (const button of document.querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => {
      state.down = state.sort === button.dataset.sort && !state.down;
      state.sort = button.dataset.sort;
      choose();
    });
  }
  for (const id of ["find", "verdict", "harm"]) at(id).addEventListener("input", choose);
  document.querySelector(".find").addEventListener("submit", (event) => event.preventDefault());
  at("before").addEventListener("click", () => { state.page -= 1; show(); });
  at("after").addEventListener("click", () => { state.page += 1; show(); });
  choose();
  at("explorer").hidden = false;
  at("plain").hidden = true;
})();
