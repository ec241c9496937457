import { writeTally } from './tests/tally.ts'

const tally = process.env.PROVISEUR_TEST_TALLY

// Files that take longest, begun first: else one core would wait for the last of them while the other has nothing to do.
const longest = [
  'lab/vm/bare-pc-secure-boot',
  'lab/vm/bare-pc-bios',
  'lab/vm/disk-life',
  'lab/interruptions',
  'lab/standing-back',
  'lab/killed',
  'lab/rollout',
  'lab/ramdisk',
  'browser/reset-page',
  'providers/ssh-actions',
  'specs/fuzz',
  'properties/plan',
  'imaging/import',
  'imager/agent/vanished-chunk',
  'cli/processes',
  'imager/agent/refusals',
  'properties/capacity',
  'imaging/store',
  'imaging/used-blocks',
  'providers/ssh-transport',
].map((name) => `/tests/${name}.test.ts`)

const placeOf = (file) => {
  const place = longest.findIndex((one) => file.endsWith(one))
  return place === -1 ? longest.length : place
}

// One process a test file: tests signal, chdir and spawn.
export default {
  files: ['tests/**/*.test.ts'],
  extensions: ['ts'],
  workerThreads: false,
  // A CI's own variables would otherwise make ava run only a part of the files.
  utilizeParallelBuilds: false,
  timeout: '5m',
  concurrency: 2,
  sortTestFiles: (one, other) =>
    placeOf(one) - placeOf(other) || one.localeCompare(other, 'en', { numeric: true }),
  ...(tally === undefined
    ? {}
    : {
        nonSemVerExperiments: { observeRunsFromConfig: true },
        observeRun: (run) => writeTally(run, tally),
      }),
}
