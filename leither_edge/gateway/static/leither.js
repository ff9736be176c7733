/* Leither in a page: sign in, keep content, read it. One file, no dependency.

  import { Leither } from "/leither.js";

  const node = new Leither();                      // the node that this page came from
  await node.register("anna", "a long password");  // once
  await node.signIn("anna", "a long password");    // or: signInWithKey(await Leither.newKey())

  const notes = await node.create({ mark: "notes" });          // the same words open what exists
  await notes.put("2024/first.txt", "Hello");                  // text, Blob, File, ArrayBuffer or Uint8Array
  await notes.text("2024/first.txt");                          // "Hello"; bytes() and url() as well
  await notes.list("2024");                                    // [{ fName, fSize, fIsDir, fID }]
  await notes.backup("first version");                         // "0"
  await notes.versions();                                      // [{ version, root, time, memo, ... }]
  await notes.at("0").text("2024/first.txt");                  // what was in that version

  const data = await node.create({ mark: "data", type: "database" });
  const db = await data.database();
  await db.call("Hset", "anna", "age", 30);                    // any method of rpc.discover that takes what MMOpen gave
  await db.redis("HGETALL", "anna");                           // or Redis's own words

  await node.connect();   // calls go over one WebSocket from here on, which is quicker for many

Every failure is a LeitherError with a sentence to show and a code for programs: not-found, forbidden, not-signed-in, conflict,
quota, busy, bad-input, too-large, ... Bytes are Uint8Array in both directions. All methods that the node knows are described
by node.call("rpc.discover").
*/

const TYPES = { file: 1, files: 2, database: 3, stream: 4 };

export class LeitherError extends Error {
  constructor(sentence, code) {
    super(sentence);
    this.name = "LeitherError";
    this.code = code;
  }
}

export class Leither {
  constructor() {
    this.address = location.origin;
    this.sid = "";
    this.uid = "";
    this.key = null;
    this.socket = null;
    this.waiting = new Map();
    this.number = 0;
  }

  /* One method of the node. Arguments as rpc.discover describes them. */
  async call(method, ...params) {
    return this.send({ jsonrpc: "2.0", id: ++this.number, method, params: params.map(outgoing) });
  }

  /* Several calls at once, [[method, ...arguments], ...]; gives their results, LeitherErrors among them. */
  async batch(calls) {
    const requests = calls.map(([method, ...params]) => ({ jsonrpc: "2.0", id: ++this.number, method, params: params.map(outgoing) }));
    const answers = await this.post(requests);
    const byNumber = new Map(answers.map((answer) => [answer.id, answer]));
    return requests.map((request) => {
      const answer = byNumber.get(request.id);
      return answer?.error ? errorOf(answer.error) : incoming(answer?.result);
    });
  }

  /* Opens a WebSocket for all later calls; without it each is a request of its own. */
  connect() {
    if (this.socket) return Promise.resolve();
    return new Promise((done, failed) => {
      const socket = new WebSocket(this.address.replace(/^http/, "ws") + "/rpc");
      socket.onopen = () => done((this.socket = socket) && undefined);
      socket.onmessage = (event) => {
        const answer = JSON.parse(event.data);
        const settle = this.waiting.get(answer.id);
        this.waiting.delete(answer.id);
        settle?.(answer);
      };
      socket.onclose = (event) => {
        if (this.socket === socket) this.socket = null;
        const error = { message: event.reason || "The node does not answer.", data: { code: "unreachable" } };
        for (const settle of this.waiting.values()) settle({ error });
        this.waiting.clear();
        failed(errorOf(error));
      };
    });
  }

  /* Ends the WebSocket; later calls are requests again. */
  close() {
    this.socket?.close();
    this.socket = null;
  }

  /* Makes a user whose key the node keeps sealed under the password; gives the user's id. Sign in afterwards. */
  register(name, password) {
    return this.call("Register", name, password);
  }

  async signIn(name, password) {
    return this.signedIn(await this.call("Login", name, password), null);
  }

  /* Signs in with a key of this browser, which never leaves it: a CryptoKeyPair of newKey(), or one that was kept in IndexedDB. */
  async signInWithKey(pair) {
    const { challenge, message } = await this.call("Challenge");
    const publicKey = new Uint8Array(await subtle().exportKey("raw", pair.publicKey));
    return this.signedIn(await this.call("LoginWithKey", publicKey, challenge, await sign(pair, message)), pair);
  }

  /* A new key for signInWithKey; its secret half cannot be read, only used. */
  static newKey() {
    return subtle().generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  }

  async signOut() {
    const sid = this.sid;
    this.sid = this.uid = "";
    this.key = null;
    if (sid) await this.call("Logout", sid);
  }

  /* Lets pictures and films that only the user may see be shown by their url(): the browser then sends a cookie, good for reading. */
  async showPrivate() {
    await this.fetch("/mimei/session", { method: "POST" });
  }

  /* Content of the user with these words, made if there is none. type: "file", "files", "database" or "stream";
     right: what members and guests may, as ["public"] or ["see", "read", "list"]; private by default. */
  async create({ app = "", ext = "", mark = "{{auto}}", type = "files", right = null } = {}) {
    return this.content(await this.call("MMCreate", this.sid, app, ext, mark, TYPES[type], right));
  }

  /* Content by its id. */
  content(mid, version = "cur") {
    return new Content(this, mid, version);
  }

  /* What the user may see: [{ mid, author, mark, tags, ... }]. */
  list(start = null, count = 100) {
    return this.call("MMList", this.sid, start, count);
  }

  search(text, limit = 20) {
    return this.call("MMSearch", this.sid, text, limit);
  }

  // What is below is for this file.

  signedIn(reply, key) {
    Object.assign(this, { sid: reply.sid, uid: reply.uid, key });
    return reply.uid;
  }

  async send(request) {
    let answer;
    if (this.socket) {
      answer = await new Promise((settle) => {
        this.waiting.set(request.id, settle);
        this.socket.send(JSON.stringify(request));
      });
    } else {
      answer = await this.post(request);
    }
    if (answer.error) throw errorOf(answer.error);
    return incoming(answer.result);
  }

  async post(body) {
    const response = await this.fetch("/rpc", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  async fetch(path, options = {}) {
    const headers = new Headers(options.headers);
    if (this.sid) headers.set("authorization", "Bearer " + this.sid);
    let response;
    try {
      response = await fetch(this.address + path, { ...options, headers });
    } catch {
      throw new LeitherError("The node does not answer.", "unreachable");
    }
    if (!response.ok) throw new LeitherError((await response.text()).trim(), CODES[response.status] || "failed");
    return response;
  }
}

/* One MiMei at one version; made by Leither.create() and content(). */
export class Content {
  constructor(node, mid, version) {
    this.node = node;
    this.mid = mid;
    this.version = version;
  }

  /* The same content at another version: a number, "cur", "last" or "release". */
  at(version) {
    return new Content(this.node, this.mid, version);
  }

  /* Where a path is to be had: for links, pictures and films; see showPrivate(). */
  url(path = "") {
    return this.node.address + this.path(path);
  }

  /* Puts a file, streamed; "" for content that is one file. progress: function of bytes sent and bytes in all. Gives its label. */
  async put(path, data, progress = null) {
    if (progress) return this.putWithProgress(path, data, progress);
    const response = await this.node.fetch(this.path(path), { method: "PUT", body: data });
    return (await response.json()).cid;
  }

  async bytes(path = "") {
    return new Uint8Array(await (await this.node.fetch(this.path(path))).arrayBuffer());
  }

  async text(path = "") {
    return (await this.node.fetch(this.path(path))).text();
  }

  /* Bytes from an offset on, without the rest. */
  async part(path, offset, length) {
    const headers = { range: `bytes=${offset}-${offset + length - 1}` };
    return new Uint8Array(await (await this.node.fetch(this.path(path), { headers })).arrayBuffer());
  }

  async list(path = "", count = -1, behind = null) {
    return this.opened((handle) => this.node.call("MFReaddir", handle, count, behind), path);
  }

  makeFolder(path) {
    return this.node.call("FSMkDir", this.node.sid, this.mid, path);
  }

  rename(from, to) {
    return this.node.call("FSRename", this.node.sid, this.mid, from, to);
  }

  remove(path, withAllBelow = false) {
    return this.node.call("FSRemove", this.node.sid, this.mid, path, withAllBelow);
  }

  info() {
    return this.node.call("GetVar", this.node.sid, "mminfo", this.mid);
  }

  versions() {
    return this.node.call("GetVar", this.node.sid, "mmversions", this.mid);
  }

  /* Makes what is in cur the next version; gives its number as text. With a key of this browser, that key signs it. */
  async backup(memo = "") {
    const { node } = this;
    if (!node.key) return node.call("MMBackup", node.sid, this.mid, memo);
    const { ticket, message } = await node.call("MMBackupPrepare", node.sid, this.mid, memo);
    return node.call("MMBackupFinish", node.sid, ticket, await sign(node.key, message));
  }

  release(version) {
    return this.node.call("MMRelease", this.node.sid, this.mid, version);
  }

  restore(version) {
    return this.node.call("MMRestore", this.node.sid, this.mid, version);
  }

  diff(a, b = "cur") {
    return this.node.call("MMDiff", this.node.sid, this.mid, a, b);
  }

  setTags(...tags) {
    return this.node.call("MMSetTags", this.node.sid, this.mid, ...tags);
  }

  /* member: "guest", "member", or a user's id; right: names of rights in a list, null to take a user off the list. */
  setRight(member, right) {
    return this.node.call("MMSetRight", this.node.sid, this.mid, member, right);
  }

  /* The database that the content is; close() it in the end. */
  async database() {
    return new Database(this.node, await this.node.call("MMOpen", this.node.sid, this.mid, this.version));
  }

  // What is below is for this file.

  path(path) {
    const names = path.split("/").filter(Boolean).map(encodeURIComponent);
    return ["/mimei", this.mid, this.version, ...names].join("/");
  }

  async opened(use, path) {
    const handle = await this.node.call("MMOpen", this.node.sid, this.mid, this.version);
    try {
      const inner = path ? await this.node.call("MFOpenByPath", this.node.sid, handle, path) : handle;
      try {
        return await use(inner);
      } finally {
        if (path) await this.node.call("MFClose", inner);
      }
    } finally {
      await this.node.call("MMClose", handle);
    }
  }

  putWithProgress(path, data, progress) {
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      request.open("PUT", this.url(path));
      if (this.node.sid) request.setRequestHeader("authorization", "Bearer " + this.node.sid);
      request.upload.onprogress = (event) => progress(event.loaded, event.total);
      request.onerror = () => failed(new LeitherError("The node does not answer.", "unreachable"));
      request.onload = () => {
        if (request.status < 300) done(JSON.parse(request.responseText).cid);
        else failed(new LeitherError(request.responseText.trim(), CODES[request.status] || "failed"));
      };
      request.send(data);
    });
  }
}

/* An opened database or stream. */
export class Database {
  constructor(node, handle) {
    this.node = node;
    this.handle = handle;
  }

  call(method, ...params) {
    return this.node.call(method, this.handle, ...params);
  }

  redis(...words) {
    return this.call("Redis", ...words.map((word) => (typeof word === "number" ? String(word) : word)));
  }

  close() {
    return this.node.call("MMClose", this.handle);
  }
}

const CODES = {
  400: "bad-input", 401: "not-signed-in", 403: "forbidden", 404: "not-found", 409: "conflict", 410: "not-found", 413: "too-large",
  503: "busy", 507: "quota",
};

function errorOf(error) {
  return new LeitherError(error.message, error.data?.code || "failed");
}

/* Ed25519 of the browser, which it has for pages of https and of this very computer. */
function subtle() {
  if (!globalThis.crypto?.subtle) throw new LeitherError("This browser signs only for pages of https or of this computer.", "no-signing");
  return crypto.subtle;
}

async function sign(pair, message) {
  return new Uint8Array(await subtle().sign({ name: "Ed25519" }, pair.privateKey, message));
}

/* Bytes travel as base64 in an object, whole numbers beyond 2**53 as text. */
function outgoing(thing) {
  if (thing instanceof ArrayBuffer) thing = new Uint8Array(thing);
  if (thing instanceof Uint8Array) return { $bytes: btoa(Array.from(thing, (byte) => String.fromCharCode(byte)).join("")) };
  if (typeof thing === "bigint") return String(thing);
  if (Array.isArray(thing)) return thing.map(outgoing);
  if (thing && typeof thing === "object") return Object.fromEntries(Object.entries(thing).map(([name, value]) => [name, outgoing(value)]));
  return thing;
}

function incoming(thing) {
  if (Array.isArray(thing)) return thing.map(incoming);
  if (!thing || typeof thing !== "object") return thing;
  if (typeof thing.$bytes === "string" && Object.keys(thing).length === 1) {
    return Uint8Array.from(atob(thing.$bytes), (character) => character.charCodeAt(0));
  }
  return Object.fromEntries(Object.entries(thing).map(([name, value]) => [name, incoming(value)]));
}
