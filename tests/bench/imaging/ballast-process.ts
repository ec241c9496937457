/** Milliseconds that bytes take over a link when nothing is done with them. Arguments: the store's URL, how many bytes. */
const [baseUrl, bytes] = process.argv.slice(2)
if (baseUrl === undefined || bytes === undefined) throw new Error('ballast-process.ts URL BYTES')

const started = performance.now()
const response = await fetch(`${baseUrl}/ballast/${bytes}`)
let came = 0
for await (const piece of response.body ?? []) came += piece.length
if (came !== Number(bytes)) throw new Error(`${came} of ${bytes} bytes came`)
console.log(performance.now() - started)
