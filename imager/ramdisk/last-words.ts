import type { Ran } from '../../imaging/program.ts'

/** The end of what a program said, for a failure's detail. */
export const lastWords = ({ stdout, stderr }: Ran): string =>
  (stderr.trim() || stdout.toString().trim()).slice(-2000)
