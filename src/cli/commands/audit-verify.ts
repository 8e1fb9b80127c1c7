import type { Command } from 'commander'
import { type AuditFault, type AuditReport, isAuditHead } from '../../store/audit.ts'
import { answersFromStore } from '../answer.ts'
import { EXIT, usageFailure } from '../failure.ts'
import { type StoreOptions, words } from '../options.ts'
import { table } from '../table.ts'
import type { Terminal } from '../terminal.ts'

interface VerifyOptions extends StoreOptions {
  readonly head?: readonly string[]
}

export function addAuditVerify(audit: Command, terminal: Terminal): void {
  const verify = audit
    .command('verify')
    .description('Check that no record of the audit log was changed or taken away. Exits with 1 if one was.')
    .option('--head <HEADS>', 'Heads that the log told of (audit head): their records must be there.', words)
  answersFromStore<VerifyOptions>(verify, terminal, async ({ mintkeeper }, { head = [] }) => {
    const wrong = head.find((text) => !isAuditHead(text))
    if (wrong !== undefined) throw usageFailure(`${wrong} is no head: give it as the log has it.`)
    const report = await mintkeeper.services.store.verifyAudit(head)
    const isWhole = report.faults.length === 0
    return {
      data: { isWhole, ...report },
      text: textOf(report),
      ...(isWhole ? head.length === 0 && { note: NO_HEADS } : { note: MEANING }),
      exitCode: isWhole ? EXIT.ok : EXIT.failure,
    }
  })
}

function textOf({ records, events, faults }: AuditReport): string {
  const counted = `${events} events in ${records} records`
  if (faults.length === 0) return `The audit log is whole: ${counted}.\n`
  const faultTable = table<AuditFault>(
    [
      { title: 'record', value: ({ key }) => String(key) },
      { title: 'what is wrong', value: ({ kind }) => WORDS[kind] },
      { title: 'told by', value: ({ toldBy }) => (toldBy === null ? '' : String(toldBy)) },
    ],
    faults,
    '',
  )
  return `The audit log is not whole (${counted}).\n\n${faultTable}`
}

const WORDS: Readonly<Record<AuditFault['kind'], string>> = {
  changed: 'it is not as it was written',
  missing: 'it was written, and is not there',
}

const NO_HEADS = `
That the very last records are there is told only by the heads in the log of the servers: give the latest with --head.
`

const MEANING = `
Somebody has changed the database by other means than Mintkeeper, or it was restored from a backup that is older than
what tells of the record. Events before and after can be trusted, those of these records can not.
`
