// Helia's packages, commanded by JSON lines: one task a line on standard input, one answer a line on standard output.
// Content is not sent but drawn on both sides: the stream of ChaCha20 under the hash of a seed.
import { createCipheriv, createHash } from 'node:crypto'
import { createReadStream, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { CarBlockIterator, CarBufferWriter } from '@ipld/car'
import { exporter } from 'ipfs-unixfs-exporter'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { flat, trickle } from 'ipfs-unixfs-importer/layout'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

const PIECE = 1 << 20

class Blocks {
  constructor () { this.rows = new Map() }
  put (cid, bytes) {
    this.rows.set(cid.toV1().toString(), { cid, bytes })
    return cid
  }
  * get (cid) {
    const row = this.rows.get(cid.toV1().toString())
    if (row === undefined) throw new Error('not there: ' + cid)
    yield row.bytes
  }
}

async function * drawn ({ seed, size }) {
  const cipher = createCipheriv('chacha20', createHash('sha256').update(seed).digest(), Buffer.alloc(16))
  for (let left = size; left > 0; left -= PIECE) yield cipher.update(Buffer.alloc(Math.min(PIECE, left)))
}

function * candidates (entries) {
  for (const { path, seed, size, link, mode, seconds } of entries) {
    const mtime = seconds === undefined ? undefined : { secs: BigInt(seconds), nsecs: 5 }
    if (size !== undefined) yield { path, content: drawn({ seed, size }), mode, mtime }
    else yield link === undefined ? { path } : { path, link }
  }
}

async function * everything (cid, path, blocks) {
  const entry = await exporter(cid, blocks)
  if (entry.type === 'directory') {
    yield [path, 'folder', 0, '']
    for await (const { name, cid } of entry.entries()) yield * everything(cid, path ? `${path}/${name}` : name, blocks)
    return
  }
  const isLink = entry.unixfs?.type === 'symlink'
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of isLink ? [entry.unixfs.data] : entry.content()) {
    hash.update(piece)
    size += piece.length
  }
  yield [path, isLink ? 'link' : 'file', size, hash.digest('hex')]
}

const tasks = {
  // The label of the last, which is the root, and a CAR file of it all if one is asked for; by a profile, or as options say.
  async add ({ profile, layout, chunk, options, entries, car }) {
    const blocks = new Blocks()
    let root
    const asked = { profile, ...options }
    if (layout !== undefined) asked.layout = { trickle, flat }[layout]({ maxChildrenPerNode: 4 })
    if (chunk !== undefined) asked.chunker = fixedSize({ chunkSize: chunk })
    for await (const entry of importer(candidates(entries), blocks, asked)) root = entry
    if (car !== undefined) {
      const rows = [...blocks.rows.values()]
      const room = rows.reduce((sum, { bytes }) => sum + bytes.length + 64, 256)
      const writer = CarBufferWriter.createWriter(new ArrayBuffer(room), { roots: [root.cid] })
      for (const row of rows) writer.write(row)
      writeFileSync(car, writer.close({ resize: true }))
    }
    return { cid: root.cid.toString(), total: Number(root.size) }
  },
  // Everything that a CAR file's root holds: [path, kind, size, hash of the content].
  async read ({ car }) {
    const blocks = new Blocks()
    const file = await CarBlockIterator.fromIterable(createReadStream(car))
    const roots = await file.getRoots()
    let count = 0
    for await (const { cid, bytes } of file) {
      const digest = await sha256.digest(bytes)
      if (Buffer.compare(digest.digest, cid.multihash.digest) !== 0) throw new Error('not the bytes of ' + cid)
      blocks.put(cid, bytes)
      count++
    }
    const found = []
    for await (const row of everything(CID.parse(roots[0].toString()), '', blocks)) found.push(row)
    return { roots: roots.map(String), count, found }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: task, ...given } = JSON.parse(line)
  let answer
  try {
    answer = await tasks[task](given)
  } catch (error) {
    answer = { error: String(error.stack) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
process.exit(0)
