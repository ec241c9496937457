import { writeTally } from './tests/tally.ts'

const tally = process.env.PROVISEUR_TEST_TALLY

// One process a test file: tests signal, chdir and spawn. bin/test runs the files that share the machine (the lab) one after another.
export default {
  files: ['tests/**/*.test.ts'],
  extensions: ['ts'],
  workerThreads: false,
  // A CI's own variables would otherwise make ava run only a part of the files.
  utilizeParallelBuilds: false,
  timeout: '5m',
  concurrency: 2,
  ...(tally === undefined
    ? {}
    : {
        nonSemVerExperiments: { observeRunsFromConfig: true },
        observeRun: (run) => writeTally(run, tally),
      }),
}
