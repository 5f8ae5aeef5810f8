import { isAbsolute } from 'node:path';
import { Secret } from '@sealgate/runtime/log';
import type { AllowedRanges } from '@sealgate/runtime/net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** What every setting of the schema tells about itself; the reference page is made from it. */
export interface SettingMeta {
  /** The environment variable. */
  readonly env: string;
  readonly description: string;
  /** Shown in place of a default that depends on something. */
  readonly fallback?: string;
  readonly secret?: boolean;
  readonly form: string;
}

// Texts (from the environment, the command line or YAML) become values here. Each error says what is right.

const DIGITS = /^\s*\d+\s*$/;

export function integer(min: number, max: number): z.ZodType<number> {
  const problem = `must be a whole number from ${min} to ${max}`;
  return z.union([z.number(problem), z.string(problem)]).transform((value, context) => {
    // `Number` also reads 0x50 and 1e3, which nobody means here.
    const number = typeof value === 'number' ? value : DIGITS.test(value) ? Number(value) : Number.NaN;
    if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
    context.addIssue(problem);
    return z.NEVER;
  });
}

export function flag(): z.ZodType<boolean> {
  const words = new Map([
    ['true', true],
    ['yes', true],
    ['on', true],
    ['1', true],
    ['false', false],
    ['no', false],
    ['off', false],
    ['0', false],
  ]);
  return z.union([z.boolean(), z.string()]).transform((value, context) => {
    if (typeof value === 'boolean') return value;
    const known = words.get(value.trim().toLowerCase());
    if (known === undefined) context.addIssue('must be true or false');
    return known ?? false;
  });
}

export function text(form: RegExp, problem: string): z.ZodType<string> {
  return z.string('must be text').regex(form, problem);
}

export function secret(minLength: number): z.ZodType<Secret> {
  return z
    .string('must be text')
    .min(minLength, `must have at least ${minLength} characters`)
    .transform((value) => new Secret(value));
}

export function url(protocols: readonly string[]): z.ZodType<string> {
  return z.string('must be a URL').superRefine((value, context) => {
    const parsed = URL.parse(value);
    if (!parsed) context.addIssue('must be a URL');
    else if (!protocols.includes(parsed.protocol)) {
      context.addIssue(`must begin with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
    }
  });
}

export function secretUrl(protocols: readonly string[]): z.ZodType<Secret> {
  return url(protocols).transform((value) => new Secret(value));
}

/** One host or several; taken apart by whoever connects. */
export function redisUrl(): z.ZodType<Secret> {
  return text(
    /^rediss?(\+sentinel|\+cluster)?:\/\/[^\s/]+/,
    'must begin with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name a host',
  ).transform((value) => new Secret(value));
}

export function folders(): z.ZodType<readonly string[]> {
  return z.union([z.string(), z.array(z.string())]).transform((value, context) => {
    const paths = (typeof value === 'string' ? value.split(',') : value).map((path) => path.trim());
    for (const path of paths) if (!isAbsolute(path)) context.addIssue(`"${path}" is not an absolute folder`);
    return paths;
  });
}

export function allowedRanges(): z.ZodType<AllowedRanges> {
  return z.union([z.boolean(), z.string(), z.array(z.string())]).transform((value, context) => {
    const words = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [String(value)];
    const cidrs: string[] = [];
    let privateRanges = false;
    for (const word of words.map((each) => each.trim().toLowerCase())) {
      if (word === 'true' || word === '1' || word === 'yes') privateRanges = true;
      else if (word === '' || word === 'false' || word === '0' || word === 'no') continue;
      else if (ipaddr.isValidCIDR(word)) cidrs.push(word);
      else if (ipaddr.isValid(word)) cidrs.push(`${word}/${ipaddr.parse(word).kind() === 'ipv6' ? 128 : 32}`);
      else context.addIssue(`"${word}" is neither true, false, an address nor a range such as 10.0.0.0/8`);
    }
    return { privateRanges, cidrs };
  });
}

/** Addresses and ranges, as CIDRs. */
export function ranges(): z.ZodType<readonly string[]> {
  return z.union([z.string(), z.array(z.string())]).transform((value, context) => {
    const words = (typeof value === 'string' ? value.split(',') : value).map((word) => word.trim().toLowerCase());
    return words
      .filter((word) => word !== '')
      .map((word) => {
        if (ipaddr.isValidCIDR(word)) return word;
        if (ipaddr.isValid(word)) return `${word}/${ipaddr.parse(word).kind() === 'ipv6' ? 128 : 32}`;
        context.addIssue(`"${word}" is neither an address nor a range such as 10.0.0.0/8`);
        return z.NEVER;
      });
  });
}

/** What zod keeps beside a field. */
export function meta(of: SettingMeta): SettingMeta & Record<string, unknown> {
  return { ...of };
}
