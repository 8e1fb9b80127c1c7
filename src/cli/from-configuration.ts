import { AdminError } from '../admin/operations/admin-error.ts'
import { CommandFailed, EXIT } from './failure.ts'

/** Work on what a configuration lists: what the operations find invalid in it is an error of the configuration. */
export async function fromConfiguration<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    if (!(thrown instanceof AdminError) || thrown.code !== 'invalid') throw thrown
    throw new CommandFailed(thrown.message, EXIT.configuration, { cause: thrown })
  }
}
