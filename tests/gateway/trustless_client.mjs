// A light client of IPFS: reads files and folders through Helia's exporter, each block fetched from a gateway and checked against its label,
// and CAR answers through @ipld/car. Arguments: address, root, path of a file. Prints what it found as one JSON line.
import { createHash } from 'node:crypto'
import { CarReader } from '@ipld/car'
import { exporter } from 'ipfs-unixfs-exporter'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

const [address, root, path] = process.argv.slice(2)

async function checked (cid, bytes) {
  const digest = await sha256.digest(bytes)
  if (Buffer.compare(digest.digest, cid.multihash.digest)) throw new Error('wrong bytes for ' + cid)
  return bytes
}

const gateway = {
  fetched: 0,
  async * get (cid) {
    const answer = await fetch(`${address}/ipfs/${cid}?format=raw`, { headers: { accept: 'application/vnd.ipld.raw' } })
    if (!answer.ok) throw new Error(`${answer.status} for ${cid}`)
    this.fetched++
    yield await checked(cid, new Uint8Array(await answer.arrayBuffer()))
  }
}

const names = []
for await (const { name } of (await exporter(CID.parse(root), gateway)).entries()) names.push(name)
const content = createHash('sha256')
for await (const piece of (await exporter(`${root}/${path}`, gateway)).content()) content.update(piece)

// The same file out of one CAR file, with nothing else to read from.
const answer = await fetch(`${address}/ipfs/${root}/${path}?format=car&dag-scope=entity`, { headers: { accept: 'application/vnd.ipld.car;order=dfs;dups=n' } })
const blocks = new Map()
for await (const { cid, bytes } of (await CarReader.fromBytes(new Uint8Array(await answer.arrayBuffer()))).blocks()) {
  blocks.set(cid.toString(), await checked(cid, bytes))
}
const kept = { async * get (cid) { yield blocks.get(cid.toString()) } }
const again = createHash('sha256')
for await (const piece of (await exporter(`${root}/${path}`, kept)).content()) again.update(piece)

console.log(JSON.stringify({ names: names.sort(), content: content.digest('hex'), again: again.digest('hex'), fetched: gateway.fetched, blocks: blocks.size }))
