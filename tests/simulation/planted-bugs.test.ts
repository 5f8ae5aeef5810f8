import { describe, expect, test } from 'vitest';
import {
  acknowledgesBeforeCommit,
  catchBug,
  deletesWithoutRecheck,
  EAGER_SWEEPS,
  forgetsPreconditions,
  keepsPoliciesForEver,
  removesTheWrongVersion,
  removesWhatLeavesAtOnce,
  sweepsWithoutRecheck,
  waitsForRoomForEver,
} from './support/planted-bugs.ts';

/** A simulator that finds nothing may be blind. These bugs it must find within so many schedules. */
const SCHEDULES = 100;

describe('a planted bug is caught', () => {
  test('acknowledgement before the commit', async () => {
    const caught = await catchBug(acknowledgesBeforeCommit, SCHEDULES);
    expect(caught?.violations.join('\n')).toMatch(/^(linearizable|versions-kept|nothing-lost)/m);
  });

  test('deletion without a second look', async () => {
    const caught = await catchBug(deletesWithoutRecheck, SCHEDULES);
    expect(caught?.violations.join('\n')).toMatch(/^(nothing-lost|stored-is-stored|versions-kept)/m);
  });

  test('writes whatever the precondition', async () => {
    const caught = await catchBug(forgetsPreconditions, SCHEDULES);
    expect(caught?.violations.join('\n')).toMatch(/^linearizable/m);
  });

  test('removal of another version than the one named', async () => {
    const caught = await catchBug(removesTheWrongVersion, SCHEDULES);
    expect(caught?.violations.join('\n')).toMatch(/^(linearizable|versions-kept)/m);
  });

  test('a sweep for orphans without a second look', async () => {
    const caught = await catchBug(sweepsWithoutRecheck, SCHEDULES, { sweeps: EAGER_SWEEPS });
    // What it removes the scrub makes good again, so the removal itself is seen, or a part that nobody reads is lost for good.
    expect(caught?.violations.join('\n')).toMatch(
      /^(nothing-lost|healed|keeps-what-is-stored|stored-is-stored|versions-kept)/m,
    );
  });

  test('changes that tell no cache', async () => {
    const caught = await catchBug(undefined, SCHEDULES, { unmarkedChanges: true });
    expect(caught?.violations.join('\n')).toMatch(/^linearizable/m);
  });

  test('a policy that holds for ever', async () => {
    const caught = await catchBug(keepsPoliciesForEver, SCHEDULES);
    expect(caught?.violations.join('\n')).toMatch(/^inside-policy/m);
  });

  test('a copy owed to a full backend for ever', async () => {
    const caught = await catchBug(waitsForRoomForEver, SCHEDULES);
    expect(caught?.violations.join('\n')).toMatch(/^healed: .* waits for room/m);
  });

  test('removal of what leaves without a second look', async () => {
    const caught = await catchBug(removesWhatLeavesAtOnce, SCHEDULES);
    expect(caught?.violations.join('\n')).toMatch(/^leaves-when-whole/m);
  });
});
