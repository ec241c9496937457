/** A site server that only listens: prints each body that is posted to it, one a line. */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

const [address = '', port = ''] = process.argv.slice(2)
const server = createServer((request, response) => {
  text(request).then((body) => {
    console.log(`hello ${body}`)
    response.writeHead(204).end()
  })
})
server.listen(Number(port), address, () => console.log('listening'))
