// Looks up one address's approvals and delegation, read-only: eth_chainId, eth_call, eth_getLogs, eth_getCode and nothing else.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("form"), result = document.getElementById("result");
  const field = document.getElementById("address"), own = document.getElementById("own");
  const PERMIT2 = "0x000000000022d473030f116ddee9f6b43ac78ba3";
  const APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925";
  const APPROVAL_FOR_ALL = "0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31";
  const ALLOWED = ["eth_chainId", "eth_call", "eth_getLogs", "eth_getCode"];
  const SECONDS = 20, AT_ONCE = 6, WORD = 64;
  form.hidden = false;
  own.hidden = !globalThis.ethereum?.request;

  const word = (address) => address.slice(2).toLowerCase().padStart(64, "0");
  const say = (tag, text, parent, kind) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    parent.append(made);
    return made;
  };

  function endpoint(url) {
    let number = 0;
    return async (method, params) => {
      if (!ALLOWED.includes(method)) throw new Error("not allowed");
      const stop = AbortSignal.timeout(SECONDS * 1000);
      const body = JSON.stringify({ jsonrpc: "2.0", id: ++number, method, params });
      const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body, signal: stop, credentials: "omit", referrerPolicy: "no-referrer", redirect: "error" });
      const found = await answer.json();
      if (found.error) throw Object.assign(new Error(String(found.error.message ?? "")), { told: found.error });
      return found.result;
    };
  }

  // A wallet may wait for its owner for ever: it gets no longer than an endpoint does.
  function wallet() {
    return (method, params) => {
      if (!ALLOWED.includes(method)) throw new Error("not allowed");
      const late = new Promise((_, no) => setTimeout(() => no(new Error("it did not answer in time")), SECONDS * 1000));
      return Promise.race([globalThis.ethereum.request({ method, params }), late]);
    };
  }

  // What a contract refuses is an answer: it has no such function. What an endpoint refuses is none.
  const refused = (error) => (error.told?.code ?? error.code) === 3 || /revert|invalid opcode|out of gas/i.test(error.message ?? "");

  // Gives the words of the answer, null where there is no such function; less than the words that it must have is no answer.
  async function call(ask, to, input, words = 1) {
    try {
      const value = await ask("eth_call", [{ to, data: input }, "latest"]);
      if (value === "0x") return null;
      if (typeof value !== "string" || !/^0x[0-9a-fA-F]+$/.test(value) || value.length < 2 + WORD * words) throw new Error("no answer");
      return Array.from({ length: words }, (_, place) => BigInt("0x" + value.slice(2 + WORD * place, 2 + WORD * (place + 1))));
    } catch (error) {
      if (refused(error)) return null;
      throw error;
    }
  }

  async function inTurn(jobs) {
    const waiting = [...jobs];
    let failed = 0;
    const work = async () => {
      for (let job = waiting.shift(); job; job = waiting.shift()) {
        try { await job(); } catch { failed += 1; }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return failed;
  }

  // The tokens that this address ever approved to them; null where the endpoint does not search.
  async function searched(ask, chain, owner) {
    const spenders = chain.spenders.map((one) => "0x" + word(one.address));
    if (!spenders.length) return [];
    for (const first of new Set([0, chain.since])) {
      try {
        const span = { fromBlock: "0x" + first.toString(16), toBlock: "latest" };
        const plain = await ask("eth_getLogs", [{ ...span, topics: [[APPROVAL, APPROVAL_FOR_ALL], "0x" + word(owner), spenders] }]);
        const permits = await ask("eth_getLogs", [{ ...span, address: PERMIT2, topics: [null, "0x" + word(owner), null, spenders] }]);
        const tokens = [...plain.map((log) => log.address), ...permits.map((log) => "0x" + log.topics[2].slice(26))];
        if (!tokens.every((token) => /^0x[0-9a-fA-F]{40}$/.test(token))) throw new Error("no answer");
        return tokens;
      } catch { /* a shorter stretch may do */ }
    }
    return null;
  }

  async function look(ask, chain, owner) {
    const found = [], notes = [];
    const check = async () => {
      const number = Number(await ask("eth_chainId", []));
      if (number !== chain.id) throw new Error(`it answers for the chain with id ${number}, not ${chain.id}`);
    };
    await check();
    const names = new Map(chain.tokens.map((token) => [token.address.toLowerCase(), token]));
    const more = await searched(ask, chain, owner);
    for (const token of more ?? []) if (!names.has(token.toLowerCase())) names.set(token.toLowerCase(), { address: token, symbol: "" });
    if (more === null) notes.push(`It does not search the chain's logs, so ${names.size} known tokens were asked about: there may be others.`);
    const now = BigInt(Math.floor(Date.now() / 1000));
    const jobs = [];
    for (const token of names.values()) {
      const name = token.symbol ? `${token.symbol} (${token.address})` : token.address;
      for (const spender of chain.spenders) {
        const pair = word(owner) + word(spender.address);
        jobs.push(async () => {
          const value = await call(ask, token.address, "0xdd62ed3e" + pair);
          if (value && value[0] > 0n) found.push({ what: `an approval of ${name}`, to: spender });
        }, async () => {
          const value = await call(ask, token.address, "0xe985e9c5" + pair);
          if (value && value[0] > 0n) found.push({ what: `an approval for all of ${name}`, to: spender });
        }, async () => {
          const value = await call(ask, PERMIT2, "0x927da105" + word(owner) + word(token.address) + word(spender.address), 2);
          if (value && value[0] > 0n && value[1] >= now) found.push({ what: `a Permit2 permission for ${name}`, to: spender });
        });
      }
    }
    jobs.push(async () => {
      const code = String(await ask("eth_getCode", [owner, "latest"])).toLowerCase();
      if (!/^0x[0-9a-f]*$/.test(code)) throw new Error("no answer");
      if (!/^0xef0100[0-9a-f]{40}$/.test(code)) return;
      const to = "0x" + code.slice(8);
      const known = chain.delegates.find((one) => one.address.toLowerCase() === to);
      if (known) found.push({ what: "a delegation (EIP-7702)", to: known });
      else notes.push(`This account is delegated to ${to}, which we do not know. If you did not set that up yourself, treat it as the attacker's.`);
    });
    const failed = await inTurn(jobs);
    await check(); // a wallet may have been switched to another chain meanwhile
    if (failed) notes.push(`${failed} of ${jobs.length} questions were not answered: this look-up is not complete.`);
    return { found, notes, whole: !failed && more !== null };
  }

  async function run(targets, owner) {
    result.replaceChildren();
    say("p", "Looking …", result);
    const parts = await Promise.all(targets.map(async ({ chain, ask }) => {
      try { return { chain, ...(await look(ask, chain, owner)) }; } catch (error) { return { chain, failed: String(error.message || "it did not answer").slice(0, 200) }; }
    }));
    result.replaceChildren();
    const live = parts.some((part) => part.found?.length);
    if (live) {
      say("h2", "The attacker can still take from this address. Act now.", result, "bad");
      const go = say("a", "What to do, step by step", result, "go");
      go.href = "index.html#" + (data.act ?? "start");
    } else {
      say("h2", parts.every((part) => part.whole) ? "We have no sign. That does not show that you are safe." : "The look-up is not complete. It shows nothing either way.", result);
    }
    for (const part of parts) {
      say("h3", part.chain.name, result);
      if (part.failed) { say("p", `Not looked at: ${part.failed}`, result); continue; }
      const list = document.createElement("ul");
      for (const { what, to } of part.found) say("li", `${what} to ${to.address} stands` + (to.confirmed ? "" : ", which we believe to be the attacker's"), list);
      if (part.found.length) result.append(list); else say("p", "No approval or delegation to the attacker's addresses was found.", result);
      for (const note of part.notes) say("p", note, result, "soft");
    }
    const left = data.chains.filter((chain) => !parts.some((part) => part.chain === chain)).map((chain) => chain.name);
    if (left.length) say("p", `Not asked: ${left.join(", ")}.`, result);
    say("p", "Not seen by this: approvals of single NFTs, signed messages that were not used yet, other addresses of yours, and a recovery phrase or key that you typed.", result, "soft");
    if (!live) {
      say("h3", "The condition is", result);
      const copy = document.getElementById("none").cloneNode(true);
      copy.removeAttribute("id");
      copy.hidden = false;
      result.append(copy);
    }
  }

  function owner() {
    const text = field.value.trim();
    if (/^0x[0-9a-fA-F]{40}$/.test(text)) return text.toLowerCase();
    field.value = "";
    result.replaceChildren();
    const secret = text.split(/\s+/).length > 5 || /^(0x)?[0-9a-fA-F]{64}$/.test(text);
    say("h2", secret ? "That looks like a recovery phrase or a private key. It was removed, and sent to nobody. Never type it into a page." : "That is not an address: it has 0x and 40 characters of 0-9 and a-f.", result, "bad");
    field.focus();
    return null;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = owner();
    if (!address) return;
    const targets = [...document.querySelectorAll(".rpc")].filter((input) => input.value.trim()).map((input) => ({ chain: data.chains.find((chain) => String(chain.id) === input.dataset.chain), ask: endpoint(input.value.trim()) }));
    if (!targets.length) { result.replaceChildren(); say("h2", "Name an endpoint first: nobody was asked.", result); return; }
    run(targets, address);
  });

  own.addEventListener("click", async () => {
    const address = owner();
    if (!address) return;
    const ask = wallet();
    let chain;
    try { const number = Number(await ask("eth_chainId", [])); chain = data.chains.find((one) => one.id === number); } catch { /* said below */ }
    if (!chain) { result.replaceChildren(); say("h2", `Your wallet is on another chain, or did not answer. Switch it to ${data.chains.map((one) => one.name).join(" or ")}.`, result); return; }
    run([{ chain, ask }], address);
  });
})();
