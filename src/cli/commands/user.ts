import type { Command } from 'commander'
import { clearFailuresOfUser, showFailuresOfUser } from '../../admin/operations/login-failures.ts'
import { passwordWeakness } from '../../admin/operations/password-strength.ts'
import {
  createUser,
  deleteUser,
  listUsers,
  setPassword,
  toUserResource,
  type UserResource,
  updateUser,
} from '../../admin/operations/users.ts'
import type { Random } from '../../crypto/random.ts'
import { type Answer, answersFromTenant } from '../answer.ts'
import { everyPage } from '../every-page.ts'
import { failedLoginsText } from '../failed-logins-text.ts'
import { CommandFailed } from '../failure.ts'
import { type StoreOptions, words } from '../options.ts'
import { requireUser } from '../require-user.ts'
import { addSecretOptions, chosenSecret } from '../secret-input.ts'
import { card, table } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { timeText } from '../time-text.ts'
import type { OpenedTenant } from '../with-mintkeeper.ts'

interface CreateOptions extends StoreOptions {
  readonly id?: string
  readonly email?: string
  readonly role?: readonly string[]
  readonly scope?: readonly string[]
  readonly disabled?: true
  /** False for `--no-password`. */
  readonly password: boolean
}

const ANY_NAME = 'User name, e-mail address or id.'

/** Long enough that nobody guesses it: 144 bits. */
const PASSWORD_LENGTH = 24

export function addUserCommands(program: Command, terminal: Terminal): void {
  const users = program.command('user').description('Users of a tenant.')

  const create = users
    .command('create')
    .description('Create a user. Without a password of your choice, one is made and shown once.')
    .argument('<NAME>', 'The name the user logs in with, such as an e-mail address.')
    .option('--id <ID>', 'The sub of its tokens. (default: made by the server)')
    .option('--email <ADDRESS>', 'An e-mail address the user can log in with too.')
    .option('--role <ROLES>', 'Roles, as they stand in tokens.', words)
    .option('--scope <SCOPES>', 'The only scopes the user may get. (default: no restriction)', words)
    .option('--disabled', 'Keep the user but give no token.')
  addSecretOptions(create, 'password').option('--no-password', 'The user can not log in with a password.')
  answersFromTenant<CreateOptions>(create, terminal, async ({ mintkeeper, tenant }, options, name = '') => {
    const { id, email, role = [], scope, disabled } = options
    const { password, made } = options.password
      ? await passwordFor(mintkeeper, options, [name, email ?? null], terminal)
      : { password: null, made: null }
    const input = { username: name, id, email, roles: role, scopes: scope ?? null, disabled, password }
    return shown(await createUser(mintkeeper.operations, tenant.id, input), made, 'Created')
  })

  answersFromTenant(
    users.command('list').description('List the users.'),
    terminal,
    async ({ mintkeeper, tenant }) => {
      const items = await everyPage<UserResource, string>((after, limit) =>
        listUsers(mintkeeper.operations, tenant.id, { after, limit }),
      )
      return { data: items, text: userTable(items) }
    },
  )

  const show = users.command('show').description('Show a user.').argument('<USER>', ANY_NAME)
  answersFromTenant(show, terminal, async (opened, _options, name = '') => {
    const user = toUserResource(await requireUser(opened, name))
    const failures = await showFailuresOfUser(opened.mintkeeper.operations, opened.tenant.id, user.id)
    const text = userCard(user, null) + card([['failed logins', failedLoginsText(failures)]])
    return { data: { ...user, loginFailures: failures }, text }
  })

  const unlock = users
    .command('unlock')
    .description('Let a user log in again after too many logins have failed.')
    .argument('<USER>', ANY_NAME)
  answersFromTenant(unlock, terminal, async (opened, _options, name = '') => {
    const user = await requireUser(opened, name)
    await clearFailuresOfUser(opened.mintkeeper.operations, opened.tenant.id, user.id)
    return shown(toUserResource(user), null, 'Unlocked')
  })

  const password = users
    .command('set-password')
    .description('Give a user another password. Ends all tokens of the user.')
    .argument('<USER>', ANY_NAME)
  answersFromTenant(addSecretOptions(password, 'password'), terminal, async (opened, options, name = '') => {
    const { id, username, email } = await requireUser(opened, name)
    const { password, made } = await passwordFor(opened.mintkeeper, options, [username, email], terminal)
    const user = await setPassword(opened.mintkeeper.operations, opened.tenant.id, id, password)
    return shown(user, made, 'Changed the password of')
  })

  addSwitch(users, terminal, 'disable', 'Give a user no token any more. Ends all its tokens, for good.')
  addSwitch(users, terminal, 'enable', 'Let a disabled user log in again. Revives no token.')

  const remove = users
    .command('delete')
    .description('Delete a user and with it all its tokens. Its id is given to nobody again.')
    .argument('<USER>', ANY_NAME)
  answersFromTenant(remove, terminal, async (opened, _options, name = '') => {
    const { id, username } = await requireUser(opened, name)
    await deleteUser(opened.mintkeeper.operations, opened.tenant.id, id)
    return { data: { id, username, deleted: true }, text: `Deleted the user ${username}.\n` }
  })
}

function addSwitch(
  users: Command,
  terminal: Terminal,
  name: 'disable' | 'enable',
  description: string,
): void {
  const command = users.command(name).description(description).argument('<USER>', ANY_NAME)
  answersFromTenant(command, terminal, async (opened, _options, user = '') => {
    const { id } = await requireUser(opened, user)
    const patch = { disabled: name === 'disable' }
    return shown(
      await updateUser(opened.mintkeeper.operations, opened.tenant.id, id, patch),
      null,
      name === 'disable' ? 'Disabled' : 'Enabled',
    )
  })
}

/** The operator's password, unless it is easily guessed, or one that is made; `made` is what is to be shown. */
async function passwordFor(
  { services }: OpenedTenant['mintkeeper'],
  options: StoreOptions,
  names: readonly (string | null)[],
  terminal: Terminal,
): Promise<{ readonly password: string; readonly made: string | null }> {
  const chosen = await chosenSecret('password', options, terminal)
  if (chosen !== null) {
    const weakness = passwordWeakness(chosen, names)
    if (weakness === null) return { password: chosen, made: null }
    throw new CommandFailed(
      `The password ${weakness}. Choose another, or give none: one is made and shown once.`,
    )
  }
  const made = drawPassword(services.random)
  return { password: made, made }
}

/** Begins with a letter or digit: a password that looks like an option is a nuisance. */
function drawPassword(random: Random): string {
  const password = random.text(PASSWORD_LENGTH)
  return /^[A-Za-z0-9]/.test(password) ? password : drawPassword(random)
}

function shown(user: UserResource, password: string | null = null, done: string | null = null): Answer {
  return {
    data: password === null ? user : { ...user, password },
    text: `${done === null ? '' : `${done} the user ${user.username}.\n\n`}${userCard(user, password)}`,
    ...(password !== null && { note: '\nThe password is shown this once; only its hash is kept.\n' }),
  }
}

function userCard(user: UserResource, password: string | null): string {
  return card([
    ['id', user.id],
    ['user name', user.username],
    ['e-mail', user.email],
    ['password', password ?? (user.hasPassword ? 'set' : 'none')],
    ['roles', user.roles.join(' ') || 'none'],
    ['scopes', user.scopes === null ? 'no restriction' : user.scopes.join(' ') || 'none'],
    ['claims', Object.keys(user.claims).length === 0 ? null : JSON.stringify(user.claims)],
    ['state', user.disabled ? 'disabled' : 'enabled'],
    [
      'tokens',
      user.tokensValidAfter === 0 ? null : `dead if issued before ${timeText(user.tokensValidAfter)}`,
    ],
    ['created', timeText(user.createdAt)],
    ['migrated', successorText(user)],
  ])
}

function successorText({ successor }: UserResource): string | null {
  return successor === null ? null : `to the client ${successor.client}, ${timeText(successor.since)}`
}

function userTable(users: readonly UserResource[]): string {
  return table<UserResource>(
    [
      { title: 'id', value: ({ id }) => id },
      { title: 'user name', value: ({ username }) => username },
      { title: 'roles', value: ({ roles }) => roles.join(' ') },
      { title: 'password', value: ({ hasPassword }) => (hasPassword ? 'yes' : 'no') },
      { title: 'state', value: ({ disabled }) => (disabled ? 'disabled' : 'enabled') },
      { title: 'created', value: ({ createdAt }) => timeText(createdAt) },
    ],
    users,
    'There are no users.',
  )
}
