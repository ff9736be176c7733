// pkarr's JavaScript implementation, commanded by JSON lines: one task a line on standard input, one answer a line on standard output.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

// Its packages lie in build/, named by the only argument.
const require = createRequire(pathToFileURL(process.argv[2] + '/'))
const load = async name => import(pathToFileURL(require.resolve(name)))
const { SignedPacket, generateKeyPair, z32 } = await load('pkarr')
const { default: DHT } = await load('pkarr/lib/dht.js')
const { default: sodium } = await load('sodium-universal')

const plain = answer => ({ ...answer, data: JSON.parse(JSON.stringify(answer.data)) })
const shown = packet => ({
  name: z32.encode(packet.publicKey()), timestamp: packet.timestamp(), answers: packet.packet().answers.map(plain)
})
let dht

const tasks = {
  make ({ seed, timestamp, answers }) {
    const pair = generateKeyPair(Buffer.from(seed, 'hex'))
    const packet = SignedPacket.fromPacket(pair, { id: 0, type: 'response', flags: 0, answers }, { timestamp })
    return { key: pair.publicKey.toString('hex'), bytes: Buffer.from(packet.bytes()).toString('hex') }
  },
  read ({ key, bytes }) {
    return shown(SignedPacket.fromBytes(Buffer.from(key, 'hex'), Buffer.from(bytes, 'hex')))
  },
  open ({ host, bootstrap }) {
    const storage = { loadRoutingTable () {}, saveRoutingTable () {} }
    dht = new DHT({ storage, host, bootstrap: bootstrap.map(([host, port]) => ({ host, port })), verify: sodium.crypto_sign_verify_detached })
    return new Promise((resolve, reject) => {
      dht._dht.once('error', reject)
      dht._dht.listen(0, host, () => resolve({ port: dht._dht.address().port }))
    })
  },
  ready: () => new Promise(resolve => dht._dht.ready ? resolve({}) : dht._dht.once('ready', () => resolve({}))),
  async put ({ key, bytes }) {
    const packet = SignedPacket.fromBytes(Buffer.from(key, 'hex'), Buffer.from(bytes, 'hex'))
    const { nodes } = await dht.put(packet.bep44Args())
    return { nodes: nodes.length }
  },
  async get ({ key }) {
    const found = await dht.get(Buffer.from(key, 'hex'), { fullLookup: true })
    return found ? { nodes: found.nodes.length, ...shown(SignedPacket.fromBep44Args(found)) } : null
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: task, ...given } = JSON.parse(line)
  let answer
  try {
    answer = await tasks[task](given)
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
process.exit(0)
