/** A PC as the site server meets it: off, in the imager (which speaks real HTTP with the real desk), or in its own system. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { encodeDone, encodeHello, encodeProgress, parseAnswer, parseJob } from '../../imaging/job-codec.ts'
import type { Answer, DiskState, Done, Hello, Job, Progress, Tally } from '../../imaging/protocol.ts'
import { verifyBytes } from '../../imaging/signature.ts'
import type { Desk } from '../../providers/imaging/desk.ts'
import { imagerRoutes } from '../../providers/imaging/routes.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Outcome } from '../../reconciler/model/outcome.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type { Provider } from '../../reconciler/ports.ts'
import { up } from '../reconciler/sample-park.ts'

export type FakePc = {
  power: 'off' | 'imager' | 'up'
  readonly state: { current: DiskState | undefined }
  /** Actions that its own system was asked for. */
  readonly asked: Action[]
  /** What the restart of its own system comes to; undefined: it goes down, and into the imager. */
  refusal: Outcome | undefined
  /** What its own system's SSH is: the inner provider. */
  readonly ssh: Provider
  readonly magicPackets: () => number
  wake(): void
}

export const createFakePc = (): FakePc => {
  let packets = 0
  const state: FakePc['state'] = { current: undefined }
  const pc: FakePc = {
    power: 'off',
    state,
    asked: [],
    refusal: undefined,
    magicPackets: () => packets,
    wake: () => {
      packets += 1
      if (pc.power === 'off') pc.power = 'imager'
    },
    ssh: {
      observe: async (machine, _site, previous): Promise<Observed> => {
        if (pc.power !== 'up')
          return { ...up(machine.id), reach: 'off', ...(previous?.disk ? { disk: previous.disk } : {}) }
        const at = Date.now()
        const { format: _, ...record } = state.current ?? noState
        return {
          ...up(machine.id),
          disk: state.current === undefined ? { at, by: 'system' } : { at, by: 'system', state: record },
        }
      },
      apply: async (action, _machine, _site, _desired, _report, signal) => {
        pc.asked.push(action)
        if (pc.refusal) return pc.refusal
        if (action.changes.some((change) => change.facet === 'power' && change.item === 'wake')) pc.wake()
        else pc.power = 'imager'
        // It waits for the system to come back, which does not while the imager runs.
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve()
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
        return { kind: 'failed', class: 'wait', reason: gone, results: [], at: Date.now() }
      },
    },
  }
  return pc
}

const gone = { code: 'connection-lost', message: { en: 'Lost.', fr: 'Perdue.' } }

const noState: DiskState = {
  format: 'proviseur-disk-1',
  manifest: '',
  image: '',
  layout: '',
  settings: '',
  job: '',
  at: 0,
  how: 'restore',
}

export type ImagerLine = {
  readonly nonce: string
  hello(): Promise<Answer>
  /** Asks until there is a job. */
  job(): Promise<Job>
  progress(job: Job, progress: Partial<Progress>): Promise<number>
  done(job: Job, done: DoneParts): Promise<number>
}

type DoneParts =
  | ({ readonly kind: 'done' } & Partial<Omit<Extract<Done, { kind: 'done' }>, 'kind' | 'job' | 'at'>>)
  | ({ readonly kind: 'failed' } & Pick<Extract<Done, { kind: 'failed' }>, 'reason'> & {
        readonly detail?: string
      })

/** One boot of the imager on a PC with this MAC. */
export const bootImager = (
  origin: string,
  mac: string,
  publicKey: string,
  more: Partial<Hello> = {},
): ImagerLine => {
  const hello: Hello = {
    format: 'proviseur-hello-1',
    nonce: randomBytes(32).toString('hex'),
    macs: [mac],
    firmware: 'bios',
    secureBoot: false,
    cpus: 2,
    memoryBytes: 2 ** 31,
    disks: [{ name: 'sda', sizeBytes: 256e9, sectorBytes: 512, rotational: false, partitions: [] }],
    imager: 'test',
    ...more,
  }
  const post = (path: string, body: string, token?: string) =>
    fetch(`${origin}${path}`, {
      method: 'POST',
      body,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    })
  const ask = async (): Promise<Answer> => {
    const parsed = parseAnswer(await (await post('/imager/hello', encodeHello(hello))).text())
    if (!parsed.ok) throw new Error(parsed.message.en)
    return parsed.value
  }
  return {
    nonce: hello.nonce,
    hello: ask,
    job: async () => {
      for (;;) {
        const answer = await ask()
        if (answer.kind === 'local') throw new Error('sent to its own disk')
        if (answer.kind === 'wait') {
          await new Promise((resolve) => setTimeout(resolve, answer.afterMs))
          continue
        }
        if (!verifyBytes(publicKey, Buffer.from(answer.job), answer.signature))
          throw new Error('the job is not signed by the site')
        const job = parseJob(answer.job)
        if (!job.ok) throw new Error(job.message.en)
        return job.value
      }
    },
    progress: async (job, progress) =>
      (await post('/imager/progress', encodeProgress({ ...noProgress, job: job.id, ...progress }), job.token))
        .status,
    done: async (job, done) => {
      const base = { job: job.id, at: Date.now(), tally }
      const whole: Done = done.kind === 'done' ? { ...base, hostKeys: [], ...done } : { ...base, ...done }
      return (await post('/imager/done', encodeDone(whole), job.token)).status
    },
  }
}

const noProgress: Progress = {
  job: '',
  phase: 'write',
  read: 0,
  matched: 0,
  fetched: 0,
  written: 0,
  total: 0,
  rate: 0,
}

const tally: Tally = {
  read: 1000,
  matched: 400,
  fetched: 250,
  fromCache: 0,
  written: 600,
  durationMs: 12,
  perPartition: [{ name: 'root', chunks: 10, differing: 6 }],
}

/** The desk behind real HTTP; another desk may take the place of the first, as after a restart of the process. */
export const serveDesk = async (
  t: ExecutionContext,
  desk: () => Desk,
): Promise<{ readonly origin: string }> => {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site')
    imagerRoutes(desk())(request, response, url).then(
      (mine) => {
        if (!mine) response.writeHead(404).end()
      },
      (thrown: unknown) => response.destroy(thrown instanceof Error ? thrown : undefined),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
