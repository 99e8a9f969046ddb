// Writes the times of the questions in the visitor's own zone beside them. Without this the page does all the rest.
"use strict";
(() => {
  let zone;
  try { zone = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch { return; }
  if (!zone) return;
  const parts = { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
  const format = new Intl.DateTimeFormat("en-GB", parts);
  const show = (text) => {
    const p = Object.fromEntries(format.formatToParts(new Date(text)).map((part) => [part.type, part.value]));
    return `${p.hour}:${p.minute} ${p.timeZoneName} on ${p.weekday} ${p.day} ${p.month} ${p.year}`;
  };
  for (const line of document.querySelectorAll(".local")) {
    const { start, end } = line.dataset;
    const when = start && end ? `from ${show(start)} to ${show(end)}` : start ? `at any time since ${show(start)}` : end ? `at any time up to ${show(end)}` : "";
    if (!when) continue;
    line.textContent = `On your clock (${zone}): ${when}.`;
    line.hidden = false;
  }
  // A screen reader follows the answer to the next question.
  addEventListener("hashchange", () => document.getElementById(location.hash.slice(1))?.focus());
})();
