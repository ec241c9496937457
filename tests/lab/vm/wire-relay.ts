/** An address on the lab's wire whose connections go to a Unix socket: a server in the test's own process is reached from the wire. */
import { connect, createServer } from 'node:net'

const [address, port, socketPath] = process.argv.slice(2)

const server = createServer((outer) => {
  const inner = connect(socketPath ?? '')
  outer.pipe(inner).pipe(outer)
  // A PC whose power is cut resets nothing and answers nothing: either end's fault ends both.
  outer.on('error', () => inner.destroy())
  inner.on('error', () => outer.destroy())
})
server.listen(Number(port), address, () => console.log('listening'))
