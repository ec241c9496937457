/** The network cards of PCs that are switched off: prints the MAC of each magic packet that the wire brings, a line each. */
import { createSocket } from 'node:dgram'

/** Six bytes of 0xff, then the card's address sixteen times; a card looks for that anywhere in the frame. */
function magicMac(payload: Buffer): string | undefined {
  const start = payload.indexOf(Buffer.alloc(6, 0xff))
  if (start < 0) return undefined
  const mac = payload.subarray(start + 6, start + 12)
  const repeated = Buffer.concat(Array.from({ length: 16 }, () => mac))
  if (mac.length < 6 || !payload.subarray(start + 6, start + 6 + 96).equals(repeated)) return undefined
  return [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

const socket = createSocket('udp4')
socket.on('message', (payload) => {
  const mac = magicMac(payload)
  if (mac !== undefined) console.log(`woken ${mac}`)
})
socket.bind(Number(process.argv[2] ?? 9), () => console.log('listening'))
