// One process a test file; files run one after another where they share the machine (the lab), else side by side.
export default {
  files: ['tests/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--disable-warning=ExperimentalWarning'],
  timeout: '5m',
  concurrency: 2,
}
