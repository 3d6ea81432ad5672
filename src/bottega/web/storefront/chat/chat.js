/* The chat panel: opens beside the page, follows the conversation over a WebSocket, and goes on after a reload. */
(() => {
  "use strict";
  const root = document.querySelector("[data-chat]");
  if (!root) return;
  const opener = root.querySelector("[data-chat-open]");
  const panel = root.querySelector("[data-chat-panel]");
  const body = root.querySelector("[data-chat-body]");
  const OPEN = "bottega-chat-open";
  const RETRY_MILLISECONDS = [500, 2000, 5000, 15000];
  let socket = null;
  let session = "";
  let lastEvent = "";
  let failures = 0;
  let waiting = [];

  const find = (selector) => body.querySelector(selector);
  const turns = () => find("[data-turns]");
  const toEnd = () => { const list = turns(); if (list) list.scrollTop = list.scrollHeight; };
  const doing = (words) => { const line = find("[data-doing]"); if (line) { line.hidden = !words; line.textContent = words; } };

  const part = async (address, options = {}) => {
    const headers = { "HX-Request": "true", ...options.headers };
    const answer = await fetch(address, { credentials: "same-origin", ...options, headers });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  };

  const pieces = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  };

  const bubble = (text, mine) => {
    const exchange = document.createElement("div");
    exchange.className = "exchange";
    const box = document.createElement("div");
    box.className = `bubble ${mine ? "bubble-me" : "bubble-shop"}`;
    const words = document.createElement("p");
    words.textContent = text;
    box.append(words);
    exchange.append(box);
    find("[data-newest]").before(exchange);
    toEnd();
    return exchange;
  };

  /* What was said is shown as it comes; when it is whole, the page's own form of it takes its place. */
  const settle = async (number) => {
    const html = await (await part(`/chat/turns/${number}`)).text();
    const made = pieces(html);
    const shown = turns().querySelectorAll(`[data-turn="${number}"]`);
    if (!made.firstElementChild) return;
    if (shown.length) { shown[0].replaceWith(made); for (const extra of [...shown].slice(1)) extra.remove(); }
    else find("[data-newest]").before(made);
    doing("");
    toEnd();
    window.htmx?.ajax("GET", "/cart/badge", { target: "#cart-link", swap: "outerHTML" });
  };

  const place = (number, mine, key) => {
    const known = turns().querySelector(`[data-turn="${number}"]`);
    if (mine) {
      const sent = known ?? turns().querySelector("[data-sent]");
      const exchange = sent ?? bubble("", true);
      exchange.removeAttribute("data-sent");
      exchange.dataset.turn = number;
      return exchange.querySelector(".bubble-me p");
    }
    const exchange = known ?? bubble("", false);
    exchange.dataset.turn = number;
    let words = exchange.querySelector(`[data-streaming="${key}"]`);
    if (!words) {
      const box = document.createElement("div");
      box.className = "bubble bubble-shop";
      words = document.createElement("p");
      words.dataset.streaming = key;
      box.append(words);
      exchange.append(box);
    }
    return words;
  };

  const isAnswered = (number) => turns().querySelector(`[data-turn="${number}"][data-state="answered"]`) !== null;
  const isAwaited = () => { const last = [...turns().querySelectorAll(".exchange")].pop(); return last !== undefined && last.dataset.state !== "answered"; };
  const messages = new Map();
  const hear = (event) => {
    const id = event.metadata?.event_id;
    const number = id ? id.split(".")[0] : "";
    if (id) lastEvent = id;
    switch (event.type) {
      case "TEXT_MESSAGE_START":
        messages.set(event.messageId, event.role === "user");
        if (isAnswered(number)) messages.delete(event.messageId);
        else if (event.role === "user") place(number, true, event.messageId).textContent = "";
        break;
      case "TEXT_MESSAGE_CONTENT":
        if (messages.has(event.messageId)) place(number, messages.get(event.messageId), event.messageId).textContent += event.delta;
        toEnd();
        break;
      case "RUN_STARTED":
        if (!turns().querySelector(`[data-turn="${number}"][data-state]`)) doing("Thinking…");
        break;
      case "CUSTOM":
        if (event.name === "activity" && isAwaited()) doing("Looking it up…");
        if (event.name === "waits_for_person") doing("A colleague will answer here.");
        break;
      case "RUN_FINISHED":
        if (!isAnswered(number)) settle(number).catch(() => {});
        break;
      case "RUN_ERROR":
        doing("");
        bubble(event.message, false).querySelector(".bubble").classList.add("bubble-refused");
        break;
    }
  };

  const connect = async () => {
    if (socket && socket.readyState <= WebSocket.OPEN) return;
    if (!session) session = (await (await part("/chat/sessions", { method: "POST" })).json()).session;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const address = `${scheme}//${location.host}/api/chat/${session}/socket?last_event_id=${encodeURIComponent(lastEvent)}`;
    socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      failures = 0;
      for (const frame of waiting.splice(0)) socket.send(frame);
    });
    socket.addEventListener("message", (message) => hear(JSON.parse(message.data)));
    socket.addEventListener("close", (event) => {
      socket = null;
      if (panel.hidden || event.code >= 4400) return;
      const wait = RETRY_MILLISECONDS[Math.min(failures, RETRY_MILLISECONDS.length - 1)];
      failures += 1;
      window.setTimeout(() => connect().catch(() => {}), wait);
    });
  };

  const say = async (form, submitter) => {
    const fields = new FormData(form, submitter);
    const text = String(fields.get("text") ?? "").trim();
    const token = fields.get("token");
    if (!text && !token) return;
    const declined = fields.has("declined");
    root.querySelector("[data-chat-questions]")?.remove();
    bubble(text || (declined ? "No" : "Yes"), true).dataset.sent = "yes";
    doing("Sending…");
    const frame = { type: "message", text, client_message_id: window.bottega.newKey(), declined };
    if (token) frame.token = token;
    if (root.dataset.product) frame.product_id = root.dataset.product;
    const field = form.querySelector("textarea");
    if (field) field.value = "";
    for (const used of body.querySelectorAll(".chat-choices, .chat-confirmation button")) used.remove();
    try {
      waiting.push(JSON.stringify(frame));
      await connect();
      if (socket?.readyState === WebSocket.OPEN) for (const one of waiting.splice(0)) socket.send(one);
    } catch {
      waiting = [];
      doing("");
      bubble("This did not reach us. Please try again in a moment.", false);
    }
  };

  const open = async ({ focus = true } = {}) => {
    panel.hidden = false;
    opener.hidden = true;
    sessionStorage.setItem(OPEN, "yes");
    if (!turns()) {
      const html = await (await part("/chat/panel")).text();
      body.replaceChildren(pieces(html));
      session = find("[data-conversation]").dataset.session;
      const answered = body.querySelectorAll("[data-turn]");
      const last = answered[answered.length - 1];
      lastEvent = last ? `${last.dataset.turn}.999999` : "";
      const questions = root.querySelector("[data-chat-questions]");
      if (questions && last) questions.remove();
    }
    toEnd();
    if (focus) find("textarea")?.focus();
    if (session) connect().catch(() => {});
  };

  const close = () => {
    panel.hidden = true;
    opener.hidden = false;
    sessionStorage.removeItem(OPEN);
    socket?.close();
    opener.focus();
  };

  opener.setAttribute("role", "button");
  opener.addEventListener("click", (event) => { event.preventDefault(); open().catch(() => { location.href = opener.href; }); });
  opener.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); opener.click(); } });
  root.querySelector("[data-chat-close]").addEventListener("click", close);
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  body.addEventListener("submit", (event) => { event.preventDefault(); say(event.target, event.submitter); });
  body.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || !event.target.matches("textarea") || event.isComposing) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });
  panel.addEventListener("click", (event) => {
    const question = event.target.closest?.("[data-question]");
    if (!question) return;
    const field = find("textarea");
    field.value = question.dataset.question;
    field.form.requestSubmit();
  });
  // At the till it would lie on the sum and the button that orders; there it opens only when asked.
  const isTill = /^\/checkout|\/payment/.test(location.pathname);
  if (sessionStorage.getItem(OPEN) && !isTill) open({ focus: false }).catch(() => {});
})();
