import { Fault, type FaultCode, faultTable } from '@sealgate/core/faults';
import { SealError, type SealErrorCode, sealErrorCodes } from '@sealgate/sealed/inspect';
import { describe, expect, it } from 'vitest';
import { CliError, usageError } from './cli-error.ts';
import { describeFailure } from './failure.ts';

describe('exit codes', () => {
  it('are 3 for exactly these faults, and 1 for all others', () => {
    const codes = Object.keys(faultTable) as FaultCode[];
    const refused = codes.filter((code) => describeFailure(new Fault(code, 'x')).exitCode === 3);
    expect(refused.toSorted()).toEqual(['EncryptionRequired', 'ManifestRequired', 'NoLegalPlacement', 'PolicyRefused']);
    expect(codes.filter((code) => describeFailure(new Fault(code, 'x')).exitCode === 1)).toHaveLength(
      codes.length - refused.length,
    );
  });

  it('are 3 for a class that the policy does not offer', () => {
    const code = (options: { readonly rule?: string }): number =>
      describeFailure(new Fault('InvalidStorageClass', 'x', options)).exitCode;
    expect([code({ rule: 'policy.classes' }), code({})]).toEqual([3, 1]);
  });

  it('are 4 for everything that can be wrong with sealed bytes, and 1 for keys and arguments', () => {
    const codes = Object.keys(sealErrorCodes) as SealErrorCode[];
    const failed = codes.filter((code) => describeFailure(new SealError(code)).exitCode === 1);
    expect(failed.toSorted()).toEqual([
      'invalid-argument',
      'key-id-mismatch',
      'malformed-key',
      'random-failure',
      'range-not-satisfiable',
      'weak-key',
      'wrong-passphrase',
    ]);
    for (const code of codes.filter((one) => !failed.includes(one))) {
      expect(describeFailure(new SealError(code)).exitCode, code).toBe(4);
    }
  });

  it('are 2 for wrong usage', () => {
    expect(describeFailure(usageError('x', 'y'))).toMatchObject({ exitCode: 2, message: 'x', hint: 'y' });
  });
});

describe('describeFailure', () => {
  it('names the rule of a refusal', () => {
    const fault = new Fault('PolicyRefused', 'No backend is left.', { rule: 'region_lock' });
    expect(describeFailure(fault).message).toBe('No backend is left. (rule region_lock)');
  });

  it('puts system errors into words', () => {
    const error = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', path: 'a.txt' });
    expect(describeFailure(error)).toMatchObject({ exitCode: 1, message: 'a.txt: there is no such file or folder' });
  });

  it.each([new Error('odd'), 'odd', undefined])('never fails itself (%s)', (error) => {
    expect(describeFailure(error).exitCode).toBe(1);
  });

  it('keeps the exit code of a failure of its own', () => {
    expect(describeFailure(new CliError('x', { exitCode: 4 })).exitCode).toBe(4);
  });
});
