import {
  postDecision,
  postDecisionInput,
  revokeDecision,
  revokeDecisionInput,
} from '../state/decisionOperations.ts'
import { type Decision, decisionsOf } from '../state/decisions.ts'
import { MeshError } from '../state/errors.ts'
import { quote } from '../state/quoting.ts'
import { type ControlCommand, controlCommands } from './door.ts'
import { fitting } from './fitting.ts'
import { groupsMeant } from './groupsMeant.ts'
import type { Mesh } from './mesh.ts'

/** The commands of the control door on decisions, and the report. */
export type DecidingCommand = Extract<
  ControlCommand,
  'decisions' | 'postDecision' | 'revokeDecision' | 'report'
>

/** A decision, and the group that made it. */
type PlacedDecision = Decision & { readonly group: string }

/**
 * Answers these commands. A session works in its group; the operator, who is in none, sees the
 * decisions of all groups, and posts into the lobby, unless a group is named.
 */
export function createDeciding(
  mesh: Pick<Mesh, 'look' | 'work' | 'groups' | 'report'>,
): Record<DecidingCommand, (input: unknown) => unknown> {
  const own = () => mesh.look(({ group }) => group)

  /** The one group that is named. Fails with UNKNOWN_GROUP, or REFUSED when it is not ours to see. */
  const named = (text: string) => groupsMeant(mesh, text)[0]

  function find(
    query: NonNullable<Parameters<typeof decisionsOf>[1]>,
    group: string | undefined,
  ): PlacedDecision[] {
    return groupsMeant(mesh, group)
      .flatMap((id) =>
        mesh.look((desk) => decisionsOf(desk, query), id).map((each) => ({ ...each, group: id })),
      )
      .sort((left, right) => (left.at < right.at ? 1 : -1))
  }

  /** The group whose decision is to be revoked. */
  function placeOf(key: string, group: string | undefined): string | undefined {
    if (group !== undefined) return named(group)
    const found = find({ key, includeRevoked: true }, undefined)
    const places = [...new Set(found.map((each) => each.group))]
    const [place = own(), ...others] = places
    if (others.length === 0) return place
    throw new MeshError('BAD_INPUT', `${places.length} groups have decided ${quote(key)}.`, {
      hint: `Add --group: ${places.map(mesh.groups.nameOf).join(', ')}.`,
    })
  }

  return {
    decisions(input) {
      const { key, category, include_revoked, group } = controlCommands.decisions.parse(input)
      const query = {
        ...(key === undefined ? {} : { key }),
        ...(category === undefined ? {} : { category }),
        includeRevoked: include_revoked ?? key !== undefined,
        withHistory: key !== undefined || include_revoked === true,
      }
      return { decisions: fitting(find(query, group)) }
    },

    async postDecision(input) {
      const { group, ...decision } = controlCommands.postDecision.parse(input)
      const place = group === undefined ? own() : named(group)
      const operation = postDecision(postDecisionInput.parse(decision))
      return { decision: await mesh.work(operation, place) }
    },

    async revokeDecision(input) {
      const { group, ...wanted } = controlCommands.revokeDecision.parse(input)
      const operation = revokeDecision(revokeDecisionInput.parse(wanted))
      return { decision: await mesh.work(operation, placeOf(wanted.key, group)) }
    },

    report(input) {
      const { since, group } = controlCommands.report.parse(input)
      const place = group === undefined ? undefined : named(group)
      return mesh.report({
        ...(since === undefined ? {} : { since }),
        ...(place === undefined ? {} : { group: place }),
      })
    },
  }
}
