
"use strict";
// Checks a case by the files in this page, as `ledger verify` does; each check names what does not hold, and where.
// H is SHA-256; the formulas are those of RFC 6962 (tree), C2SP signed-note, checkpoint and tlog-proof, and the ledger's
// own chain, map of heads and commitments.
(() => {
  const element = (id) => document.getElementById(id);
  const utf8 = new TextEncoder();
  const B64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

  class Wrong extends Error {
    constructor(message, index) {
      super(message);
      this.index = index;
    }
  }
  const must = (holds, message, index) => {
    if (!holds) throw new Wrong(message, index);
  };

  // ---------------------------------------------------------------------------------------------- bytes

  const bytes = (...parts) => {
    const lists = parts.map((part) => (typeof part === "number" ? [part] : part));
    const joined = new Uint8Array(lists.reduce((sum, list) => sum + list.length, 0));
    let at = 0;
    for (const list of lists) {
      joined.set(list, at);
      at += list.length;
    }
    return joined;
  };
  const H = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(...parts)));
  const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
  const encode = (data) => btoa(String.fromCharCode(...data));
  const decode = (text, length, index) => {
    must(typeof text === "string" && B64.test(text), "a text that is not base64", index);
    const data = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    must(encode(data) === text, "base64 in another spelling than its own", index);
    must(length === undefined || data.length === length, `${data.length} bytes where ${length} belong`, index);
    return data;
  };
  const u64 = (number) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(number));
    return new Uint8Array(view.buffer);
  };
  const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

  // RFC 8785, for values without fractions: they are sorted and written as this language writes them.
  const canonical = (value) => {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (!isObject(value)) return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  };

  // The one form of a bundle's own files: members sorted, two spaces for each level, a newline at the end.
  const written = (value, pad = "") => {
    const inner = `${pad}  `;
    const [parts, opens, ends] = Array.isArray(value) ? [value.map((each) => written(each, inner)), "[", "]"]
      : isObject(value) ? [Object.keys(value).sort().map((name) => `${JSON.stringify(name)}: ${written(value[name], inner)}`), "{", "}"]
      : [null];
    if (parts === null) return JSON.stringify(value);
    return parts.length ? `${opens}\n${parts.map((each) => inner + each).join(",\n")}\n${pad}${ends}` : opens + ends;
  };

  // ---------------------------------------------------------------------------------------------- files

  let files = {};
  const file = (name, index) => {
    must(typeof files[name] === "string", `${name} is not here`, index);
    return files[name];
  };
  // Only what has one reading is read: of two members of one name this language would take the last, others the first.
  const json = (name, index, form = (value) => `${written(value)}\n`) => {
    try {
      const value = JSON.parse(file(name, index));
      if (isObject(value) && form(value) === files[name]) return value;
    } catch (error) {
      if (error instanceof Wrong) throw error;
    }
    throw new Wrong(`${name} cannot be read`, index);
  };

  // ---------------------------------------------------------------------------------------------- keys and notes

  const keyOf = async (vkey) => {
    const found = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
    must(found, "not a verifier key");
    const key = decode(found[3]);
    must(key.length === 33 && key[0] === 1, "not an Ed25519 verifier key");
    const id = (await H(utf8.encode(`${found[1]}\n`), key)).slice(0, 4);
    const hex = [...id].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    must(hex === found[2], "a verifier key with another id than its own");
    return { name: found[1], id, hex, vkey, key: key.slice(1) };
  };

  // Of ML-DSA-44 (type 6): its signatures no browser checks yet.
  const isQuantumSafe = (vkey) => {
    const found = /^[^\s+]+\+[0-9a-f]{8}\+(.+)$/.exec(vkey);
    return found !== null && B64.test(found[1]) && atob(found[1]).charCodeAt(0) === 6;
  };

  // The checkpoint in a note, and by which of these keys it is signed: by one at least, and by none of them wrongly.
  const openNote = async (note, keys) => {
    const end = note.lastIndexOf("\n\n") + 1;
    must(end > 0 && note.endsWith("\n"), "the checkpoint is no signed note");
    const text = note.slice(0, end);
    const signers = [];
    for (const line of note.slice(end + 1, -1).split("\n")) {
      const found = /^\u2014 ([^\s+]+) (\S+)$/.exec(line);
      must(found, "the checkpoint has a line that is no signature");
      const signature = decode(found[2]);
      must(signature.length > 4, "the checkpoint has an empty signature");
      const key = keys.find((each) => found[1] === each.name && same(signature.slice(0, 4), each.id));
      if (key === undefined) continue;
      const known = await crypto.subtle.importKey("raw", key.key, { name: "Ed25519" }, false, ["verify"]);
      const right = await crypto.subtle.verify({ name: "Ed25519" }, known, signature.slice(4), utf8.encode(text));
      must(right, "the checkpoint's signature is not over this checkpoint");
      signers.push(key);
    }
    must(signers.length > 0, `the checkpoint is not signed by ${keys.map((key) => `${key.name}+${key.hex}`).join(" or ")}`);
    const [origin, size, root, rest, ...more] = text.split("\n");
    must(rest === "" && !more.length && /^[1-9][0-9]*$/.test(size), "the checkpoint is not origin, size and root");
    must(origin === signers[0].name, `the checkpoint is of ${origin}`);
    must(isCount(Number(size)), "the checkpoint's size is too large for this page");
    return { size: Number(size), root: decode(root, 32), note, signers };
  };

  // ---------------------------------------------------------------------------------------------- tree, chain, map

  const half = (number) => Math.floor(number / 2);

  // RFC 9162, 2.1.3.2
  const verifyInclusion = async (leaf, index, hashes, checkpoint) => {
    let [at, last, reached] = [index, checkpoint.size - 1, leaf];
    must(index <= last, "the proof is of a leaf that the checkpoint does not cover", index);
    for (const hash of hashes) {
      must(last > 0, "the proof is too long", index);
      if (at % 2 || at === last) {
        reached = await H(1, hash, reached);
        while (at > 0 && at % 2 === 0) [at, last] = [half(at), half(last)];
      } else {
        reached = await H(1, reached, hash);
      }
      [at, last] = [half(at), half(last)];
    }
    must(last === 0 && same(reached, checkpoint.root), "the entry is not in the tree at this place", index);
  };

  // The same checkpoint, with some of its signatures.
  const isPartOf = (note, whole) => {
    const parts = (text) => [text.slice(0, text.lastIndexOf("\n\n") + 2), text.slice(text.lastIndexOf("\n\n") + 2)];
    const [[text, lines], [other, others]] = [parts(note), parts(whole)];
    const signed = new Set(others.split("\n"));
    return text === other && lines.endsWith("\n") && lines.length > 1 && lines.slice(0, -1).split("\n").every((line) => line && signed.has(line));
  };

  const proofIn = (text, index) => {
    const end = text.indexOf("\n\n");
    const [first, ...lines] = text.slice(0, Math.max(end, 0)).split("\n");
    must(first === "c2sp.org/tlog-proof@v1", "the proof is of something else", index);
    const extra = lines[0]?.startsWith("extra ") ? decode(lines.shift().slice(6), undefined, index) : null;
    const told = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? "");
    must(told && isCount(Number(told[1])), "the proof is of something else", index);
    return { index: Number(told[1]), hashes: lines.map((hash) => decode(hash, 32, index)), note: text.slice(end + 2), extra };
  };

  const verifyProof = async (index, leaf, checkpoint) => {
    const proof = proofIn(file(`proofs/${index}.tlog-proof`, index), index);
    must(proof.index === index && proof.extra === null, "the proof is of something else", index);
    must(isPartOf(proof.note, checkpoint.note), "the proof is under another checkpoint", index);
    await verifyInclusion(leaf, index, proof.hashes, checkpoint);
  };

  // The key that came in the place of this one, and the positions of the entries that say so: each announces the next
  // key, under a checkpoint that both have signed.
  const followed = async (given) => {
    let key = given;
    const positions = [];
    const placeOf = (name) => Number(/^announcements\/([0-9]+)\./.exec(name)?.[1]);
    const names = Object.keys(files).filter((name) => Number.isInteger(placeOf(name)));
    for (const name of names.sort((one, other) => placeOf(one) - placeOf(other))) {
      const { index, hashes, note, extra } = proofIn(file(name), placeOf(name));
      const entry = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(extra ?? new Uint8Array()));
      if (entry?.values?.replaces !== key.vkey) continue;
      must(entry.stream === "ledger" && entry.type === "ledger.log-key-announced.v1", "no key is announced", index);
      const next = await keyOf(entry.values.vkey);
      const checkpoint = await openNote(note, [key]);
      await openNote(note, [next]);
      await verifyInclusion(await H(0, extra), index, hashes, checkpoint);
      key = next;
      positions.push(index + 1);
    }
    return { key, positions };
  };

  // The end of the case's path in the map: {n, head, index}, or null where it shows that there is no such case.
  const verifyEnd = async (id, end, root) => {
    must(isObject(end) && Array.isArray(end.siblings) && end.depth === end.siblings.length, "heads.json cannot be read");
    const key = await H(utf8.encode(`chain\0${id}`));
    const bit = (of, at) => (of[at >> 3] >> (7 - (at & 7))) & 1;
    const siblings = end.siblings.map((each) => decode(each, 32));
    must(siblings.length <= 256, "the path in the map is too long");
    must(!siblings.length || siblings[siblings.length - 1].some(Boolean), "the path in the map goes on for nothing");
    let reached = new Uint8Array(32);
    let head = null;
    if (end.key !== undefined) {
      const leaf = decode(end.key, 32);
      for (let at = 0; at < siblings.length; at++) must(bit(leaf, at) === bit(key, at), "the path ends beside the case");
      must(isCount(end.n) && isCount(end.index), "heads.json cannot be read");
      reached = await H(0x20, leaf, u64(end.n), decode(end.head, 32), u64(end.index));
      if (same(leaf, key)) head = end;
    }
    for (let at = siblings.length - 1; at >= 0; at--) {
      const pair = bit(key, at) ? [siblings[at], reached] : [reached, siblings[at]];
      reached = await H(0x21, ...pair);
    }
    must(same(reached, root), "the case's end does not lie in the map that was sealed");
    return head;
  };

  // ---------------------------------------------------------------------------------------------- the case

  const entryAt = async (index) => {
    const [shown, hidden] = [files[`entries/${index}.json`], files[`entries/${index}.leaf`]];
    must(shown === undefined || hidden === undefined, "the entry is shown and withheld at once", index);
    if (hidden !== undefined) {
      must(hidden.endsWith("\n"), "the leaf hash cannot be read", index);
      return { index, leaf: decode(hidden.slice(0, -1), 32, index), entry: null };
    }
    const text = file(`entries/${index}.json`, index);
    return { index, leaf: await H(0, utf8.encode(text)), entry: json(`entries/${index}.json`, index, canonical) };
  };

  const verifyOpening = async (found, path, opening) => {
    must(found && found.entry && isObject(found.entry.sealed), "a value is opened that nothing commits to", found?.index);
    const sealed = found.entry.sealed[path];
    must(Object.hasOwn(found.entry.sealed, path), `nothing is sealed here under ${path}`, found.index);
    must(isObject(opening), "openings.json cannot be read", found.index);
    const [salt, place] = [decode(opening.salt, 32, found.index), utf8.encode(path)];
    const form = utf8.encode(canonical(opening.value));
    const document = /^"sha256:([0-9a-f]{64})"$/.exec(canonical(opening.value)); // its digest stands for it
    const made = document
      ? await H(0x31, salt, Uint8Array.from(document[1].match(/../g), (pair) => parseInt(pair, 16)))
      : await H(0x30, salt, place.length >> 8, place.length & 255, place, form);
    must(encode(made) === sealed[0], `${path} is not the value that was sealed`, found.index);
  };

  // What the entries of a case say of one another, up to the closing: a sealed lie should not pass either.
  const verifyOrder = (id, found, close) => {
    const [ids, leaves] = [new Set(), new Set()];
    let [recorded, version] = ["", 0];
    for (const { index, leaf, entry } of found) {
      if (entry) {
        must(typeof entry.recorded === "string" && entry.recorded >= recorded, "recorded before the fact before it", index);
        must(typeof entry.id === "string" && !ids.has(entry.id), "an earlier fact has this id", index);
        ids.add(entry.id);
        recorded = entry.recorded;
        if (entry.stream === id) {
          must(entry.version > version && (entry.previous === null || leaves.has(entry.previous)), "not the next version of the case", index);
          version = entry.version;
        }
      }
      leaves.add(encode(leaf));
    }
    must(recorded <= close, "recorded after the closing that covers it", found[found.length - 1]?.index);
  };

  const verifyAll = async () => {
    const [origin] = file("checkpoint").split("\n");
    const named = file("policy").split("\n").map((line) => line.split(/[ \t]+/)).filter(([what, vkey]) => what === "log" && vkey);
    const own = named.map(([, vkey]) => vkey).filter((vkey) => vkey.split("+")[0] === origin);
    must(own.length > 0, `the policy names no key of ${origin}`);
    const keys = await Promise.all(own.filter((vkey) => !isQuantumSafe(vkey)).map(keyOf));
    const checkpoint = await openNote(file("checkpoint"), keys);
    const [key] = checkpoint.signers;
    const { case: id, entries } = json("chain.json");
    const { closing, chains } = json("heads.json");
    must(/^[a-z0-9_-]+$/.test(id) && Array.isArray(entries) && entries.every(isCount), "chain.json cannot be read");
    must(isObject(chains) && Object.keys(chains).length === 1 && Object.hasOwn(chains, id), "heads.json is of another case");

    must(closing === checkpoint.size - 1, "the closing is not the last leaf of the checkpoint");
    const close = await entryAt(closing);
    await verifyProof(closing, close.leaf, checkpoint);
    const { type, stream, values, recorded } = close.entry ?? {};
    must(type === "ledger.closed.v1" && stream === "ledger" && values?.size === closing, "no closing", closing);
    const head = await verifyEnd(id, chains[id], decode(values.heads, 32, closing));

    const found = [];
    let chain = new Uint8Array(32);
    for (const index of entries) {
      must(!found.length || index > found[found.length - 1].index, "the facts are not in order", index);
      const each = await entryAt(index);
      await verifyProof(index, each.leaf, checkpoint);
      const concerned = each.entry && [each.entry.stream, ...(each.entry.about ?? [])];
      must(!concerned || concerned.includes(id), "the fact does not concern the case", index);
      chain = await H(0x22, chain, u64(index), each.leaf);
      found.push(each);
    }
    const last = entries[entries.length - 1];
    if (head === null) must(!entries.length, "the map shows that there is no such case");
    else must(head.n === entries.length && head.index === last && head.head === encode(chain),
      `the facts are not all that concern the case: ${entries.length} are here, ${head.n} were sealed`);

    verifyOrder(id, found, recorded);

    const openings = json("openings.json");
    const byIndex = new Map(found.map((each) => [String(each.index), each]));
    for (const [index, of] of Object.entries(openings)) {
      must(isObject(of), "openings.json cannot be read", Number(index));
      for (const [path, opening] of Object.entries(of)) await verifyOpening(byIndex.get(index), path, opening);
    }
    const used = new Set([...entries, closing].flatMap((index) =>
      [`entries/${index}.json`, `entries/${index}.leaf`, `proofs/${index}.tlog-proof`]));
    for (const name of Object.keys(files)) must(!name.includes("/") || name.startsWith("announcements/") || used.has(name),
      `${name} is of no fact of the case`);
    return { id, key, found, openings, size: closing, recorded, signers: checkpoint.signers, unread: own.filter(isQuantumSafe) };
  };

  // ---------------------------------------------------------------------------------------------- in words

  const LONDON = new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/London", dateStyle: "short" });
  const dayOf = (text) => (text.length === 10 ? text : LONDON.format(new Date(text)));
  const printedDay = (day) => `${day.slice(8, 10)}/${day.slice(5, 7)}/${day.slice(0, 4)}`;
  const CLOCK = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", dateStyle: "short", timeStyle: "medium" });
  const printed = (text) => (text.length === 10 ? printedDay(text) : CLOCK.format(new Date(text)).replace(",", ""));
  const several = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const IN_FULL = { dob: "date of birth", upw: "unpaid work", ete: "education and employment" };
  const words = (text) => text.split(/[-_]/).map((word) => IN_FULL[word] ?? word).join(" ");

  const titleOf = (type) => {
    const [noun, fact] = String(type).split(".");
    const text = words(fact?.includes("-") || noun === "record" ? fact : `${noun} ${fact}`);
    return text[0].toUpperCase() + text.slice(1);
  };
  const lateDays = (entry) =>
    Math.round((Date.parse(dayOf(entry.recorded)) - Date.parse(dayOf(entry.effective))) / 86400000);

  const made = (name, text, className) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    return node;
  };

  const WHEN = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:]{8}(?:\.[0-9]+)?Z)?$/;
  const isMoment = (text) => WHEN.test(text) && !Number.isNaN(Date.parse(text));
  const told = (value) => (typeof value === "string" ? (isMoment(value) ? printed(value) : value)
    : Array.isArray(value) ? value.map(told).join(", ")
    : isObject(value) ? JSON.stringify(value) : value === true ? "yes" : value === false ? "no" : String(value));

  const destroyedIn = (found) => new Map(found.flatMap(({ index, entry }) =>
    /-erased\.v[0-9]+$/.test(entry?.type ?? "") && Array.isArray(entry.values?.key_ids)
      ? entry.values.key_ids.map((key) => [key, index + 1]) : []));

  const toldOf = (entry, openings, destroyed) => {
    const list = made("dl");
    const add = (name, value) => list.append(made("dt", words(name)), made("dd", value));
    for (const [name, value] of Object.entries(entry.values ?? {})) add(name, told(value));
    for (const [path, [, key]] of Object.entries(entry.sealed ?? {})) {
      const opened = openings && Object.hasOwn(openings, path);
      add(path, opened ? told(openings[path].value) : destroyed.has(key) ? "[erased]" : "[withheld]");
    }
    return list;
  };

  const show = ({ found, openings }) => {
    const rows = element("chronology").tBodies[0];
    const destroyed = destroyedIn(found);
    const positions = new Map(found.filter((each) => each.entry).map((each) => [each.entry.id, each.index + 1]));
    const [corrected, struck] = [new Map(), new Map()];
    for (const { index, entry } of found) {
      const target = positions.get(entry?.values?.event_ref);
      if (entry?.type === "record.corrected.v1" && target) corrected.set(target, [...(corrected.get(target) ?? []), index + 1]);
      if (entry?.type === "record.struck-out.v1" && target) struck.set(target, index + 1);
    }
    const order = ({ entry, index }) => entry
      ? [dayOf(entry.effective), entry.effective.length === 10 ? "" : entry.effective, index] : ["9999", "", index];
    const before = (one, other) => {
      const [a, b] = [order(one), order(other)];
      const at = a.findIndex((each, place) => each !== b[place]);
      return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
    };
    for (const { index, entry } of [...found].sort(before)) {
      const row = made("tr");
      row.id = `fact-${index + 1}`;
      const number = made("th", String(index + 1));
      number.scope = "row";
      row.append(number);
      if (entry) {
        const what = made("td");
        what.append(made(struck.has(index + 1) ? "s" : "span", titleOf(entry.type)));
        const mark = (text) => what.append(made("span", text, "mark"));
        const days = lateDays(entry);
        if (days > 0) mark(`Recorded ${several(days, "day")} after it happened.`);
        if (corrected.has(index + 1)) mark(`Corrected later: see ${corrected.get(index + 1).join(", ")}.`);
        if (positions.has(entry.values?.event_ref)) mark(`Puts right ${positions.get(entry.values.event_ref)}.`);
        if (struck.has(index + 1)) mark(`Struck out by ${struck.get(index + 1)}: this does not stand.`);
        const values = made("td");
        values.append(toldOf(entry, openings[String(index)], destroyed));
        row.append(made("td", printed(entry.effective)), made("td", printed(entry.recorded)), what,
          made("td", `${entry.by?.role} ${entry.by?.id}`), values);
      } else {
        const cell = made("td", "A fact that is withheld whole. It concerns the case; what it is is not disclosed.");
        cell.colSpan = 5;
        row.append(cell);
      }
      rows.append(row);
    }
  };

  const proven = ({ id, key, found, openings, size, recorded }) => {
    const destroyed = destroyedIn(found);
    let [opened, withheld, erased] = [0, 0, 0];
    for (const { index, entry } of found) {
      for (const [path, [, keyId]] of Object.entries(entry?.sealed ?? {})) {
        if (Object.hasOwn(openings[String(index)] ?? {}, path)) opened += 1;
        else if (destroyed.has(keyId)) erased += 1;
        else withheld += 1;
      }
    }
    const whole = found.filter((each) => !each.entry).length;
    const upto = printed(recorded);
    return [
      found.length
        ? `All ${several(found.length, "fact")} that concern ${id} up to ${upto} (London), in this order; ${whole} withheld `
          + `whole; ${several(opened, "value")} opened, ${withheld} withheld, ${erased} erased.`
        : `No fact of this ledger concerned ${id} up to ${upto} (London).`,
      `The closing at position ${size + 1} of ${key.name}, over ${several(size, "fact")}, tells how many there are and the last one.`,
      `Every fact, shown or withheld, is in the tree under the checkpoint that ${key.name}+${key.hex} signed.`,
    ];
  };

  // ---------------------------------------------------------------------------------------------- what is said

  const say = (state, title, because) => {
    element("verdict").dataset.state = state;
    element("state").textContent = title;
    element("because").textContent = because;
  };

  const begin = async () => {
    files = JSON.parse(element("bundle").textContent);
    must(isObject(files), "the data of this page cannot be read");
    const result = await verifyAll();
    element("title").textContent = `Case ${result.id}`;
    document.title = `Case ${result.id}`;
    show(result);
    for (const line of proven(result)) element("checked").append(made("li", line));
    const consistent = () => say("consistent", "consistent under the key in this file",
      `Compare it with the one you were given: ${result.signers.map((key) => key.vkey).join(" or ")}`);
    consistent();
    element("compare").addEventListener("submit", (event) => {
      event.preventDefault();
      const given = element("key").value.trim();
      if (given) compare(given, result).catch(failed);
      else consistent();
    });
  };

  // What follows from the key that the reader was given.
  const compare = async (given, { key, signers, unread }) => {
    const sealed = `It is what ${key.name} sealed, by the key you entered`;
    if (signers.some((each) => each.vkey === given)) return say("verified", "verified", `${sealed}.`);
    if (unread.includes(given)) {
      return say("consistent", "consistent under the key in this file",
        `The key you entered is in this file, but it is of a kind that browsers cannot check. Enter the ledger's other key, or use the program.`);
    }
    const entered = await keyOf(given).catch(() => null);
    const reached = entered && await followed(entered);
    if (reached && signers.some((each) => each.vkey === reached.key.vkey)) {
      return say("verified", "verified", `${sealed}, which signs no more: the ledger announced `
        + `${reached.key.name}+${reached.key.hex} in its place, at position ${reached.positions.join(", then ")}.`);
    }
    return say("not-this-ledgers", "not this ledger's",
      `The key you entered is not the one that signed this: ${signers.map((each) => each.vkey).join(" or ")}`);
  };

  const failed = (error) => {
    const where = error instanceof Wrong && error.index !== undefined ? ` at position ${error.index + 1}` : "";
    const known = error instanceof Wrong ? error.message : error instanceof SyntaxError
      ? "the data of this page cannot be read" : `this browser could not check it (${error.name})`;
    say("not-verified", `not verified${where}`, `${known[0].toUpperCase()}${known.slice(1)}.`);
  };

  begin().catch((error) => {
    element("checked").append(made("li", "Nothing on this page may be relied upon."));
    element("key").disabled = true;
    element("compare").addEventListener("submit", (event) => event.preventDefault());
    failed(error);
  });
})();
