import { Fault } from '@sealgate/core/faults';
import {
  childOf,
  childrenOf,
  integerOf,
  malformedXml,
  parseXml,
  requireChildren,
  textOf,
  type XmlElement,
} from './reader.ts';
import { createXmlWriter, S3_NAMESPACE, type XmlWriter } from './writer.ts';

type Protocol = 'http' | 'https';

export interface RoutingRule {
  readonly condition?: { readonly keyPrefixEquals?: string; readonly httpErrorCodeReturnedEquals?: number };
  readonly redirect: {
    readonly hostName?: string;
    readonly protocol?: Protocol;
    readonly httpRedirectCode?: number;
    readonly replaceKeyPrefixWith?: string;
    readonly replaceKeyWith?: string;
  };
}

/** What a bucket would show as a website. Kept as JSON in its `website` document. */
export type WebsiteConfiguration =
  | { readonly redirectAll: { readonly hostName: string; readonly protocol?: Protocol } }
  | {
      readonly indexSuffix?: string;
      readonly errorKey?: string;
      readonly rules: readonly RoutingRule[];
    };

/** AWS: routing rules of one website. */
const ROUTING_RULES_MAX = 50;

/**
 * Reads the body of PutBucketWebsite.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html
 * @throws Fault MalformedXML, InvalidArgument
 */
export function parseWebsiteConfiguration(body: Uint8Array | string): WebsiteConfiguration {
  const root = parseXml(body, 'WebsiteConfiguration');
  requireChildren(root, new Set(['RedirectAllRequestsTo', 'IndexDocument', 'ErrorDocument', 'RoutingRules']));
  const all = childOf(root, 'RedirectAllRequestsTo');
  if (all !== undefined) {
    if (root.children.length > 1) {
      throw invalid('RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.');
    }
    requireChildren(all, new Set(['HostName', 'Protocol']));
    const hostName = textOf(all, 'HostName')?.trim() ?? '';
    if (hostName === '') throw malformedXml();
    return { redirectAll: { hostName, ...protocolOf(all) } };
  }
  const index = childOf(root, 'IndexDocument');
  const error = childOf(root, 'ErrorDocument');
  const indexSuffix = index === undefined ? undefined : textOf(index, 'Suffix');
  const errorKey = error === undefined ? undefined : textOf(error, 'Key');
  if (index === undefined && childOf(root, 'RoutingRules') === undefined) {
    throw invalid('A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty');
  }
  if (index !== undefined && (indexSuffix === undefined || indexSuffix === '' || indexSuffix.includes('/'))) {
    throw invalid('The IndexDocument Suffix is not well formed');
  }
  if (error !== undefined && (errorKey === undefined || errorKey === '')) throw malformedXml();
  return {
    ...(indexSuffix === undefined ? {} : { indexSuffix }),
    ...(errorKey === undefined ? {} : { errorKey }),
    rules: routingRules(childOf(root, 'RoutingRules')),
  };
}

function routingRules(element: XmlElement | undefined): readonly RoutingRule[] {
  if (element === undefined) return [];
  requireChildren(element, new Set(['RoutingRule']));
  if (element.children.length > ROUTING_RULES_MAX) {
    throw invalid(
      `${element.children.length} routing rules provided, the number of routing rules is limited to ${ROUTING_RULES_MAX}.`,
    );
  }
  return childrenOf(element, 'RoutingRule').map(routingRule);
}

function routingRule(element: XmlElement): RoutingRule {
  requireChildren(element, new Set(['Condition', 'Redirect']));
  const redirect = childOf(element, 'Redirect');
  if (redirect === undefined || redirect.children.length === 0) throw malformedXml();
  requireChildren(
    redirect,
    new Set(['HostName', 'HttpRedirectCode', 'Protocol', 'ReplaceKeyPrefixWith', 'ReplaceKeyWith']),
  );
  const [replaceKeyPrefixWith, replaceKeyWith] = [
    textOf(redirect, 'ReplaceKeyPrefixWith'),
    textOf(redirect, 'ReplaceKeyWith'),
  ];
  if (replaceKeyPrefixWith !== undefined && replaceKeyWith !== undefined) {
    throw invalid('You can only define ReplaceKeyPrefix or ReplaceKey but not both.');
  }
  const hostName = textOf(redirect, 'HostName')?.trim();
  const httpRedirectCode = codeOf(redirect, 'HttpRedirectCode', 300);
  return {
    ...conditionOf(childOf(element, 'Condition')),
    redirect: {
      ...(hostName === undefined ? {} : { hostName }),
      ...protocolOf(redirect),
      ...(httpRedirectCode === undefined ? {} : { httpRedirectCode }),
      ...(replaceKeyPrefixWith === undefined ? {} : { replaceKeyPrefixWith }),
      ...(replaceKeyWith === undefined ? {} : { replaceKeyWith }),
    },
  };
}

function conditionOf(element: XmlElement | undefined): Pick<RoutingRule, 'condition'> {
  if (element === undefined) return {};
  requireChildren(element, new Set(['KeyPrefixEquals', 'HttpErrorCodeReturnedEquals']));
  const keyPrefixEquals = textOf(element, 'KeyPrefixEquals');
  const httpErrorCodeReturnedEquals = codeOf(element, 'HttpErrorCodeReturnedEquals', 400);
  if (keyPrefixEquals === undefined && httpErrorCodeReturnedEquals === undefined) throw malformedXml();
  return {
    condition: {
      ...(keyPrefixEquals === undefined ? {} : { keyPrefixEquals }),
      ...(httpErrorCodeReturnedEquals === undefined ? {} : { httpErrorCodeReturnedEquals }),
    },
  };
}

/** A status of the hundred that `from` begins, or of the one after it for errors. */
function codeOf(element: XmlElement, name: string, from: 300 | 400): number | undefined {
  if (childOf(element, name) === undefined) return undefined;
  const code = integerOf(element, name);
  if (code <= from || code >= (from === 300 ? 400 : 600)) {
    throw invalid(
      `The provided HTTP code (${code}) is not valid. Valid codes are ${from === 300 ? '3XX except 300' : '4XX or 5XX'}.`,
    );
  }
  return code;
}

function protocolOf(element: XmlElement): { readonly protocol?: Protocol } {
  const protocol = textOf(element, 'Protocol')?.trim();
  if (protocol === undefined) return {};
  if (protocol !== 'http' && protocol !== 'https') {
    throw invalid(
      'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
    );
  }
  return { protocol };
}

function invalid(message: string): Fault {
  return new Fault('InvalidArgument', message, { detail: { ArgumentName: 'WebsiteConfiguration' } });
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketWebsite.html */
export function websiteConfiguration(website: WebsiteConfiguration): string {
  const writer = createXmlWriter();
  writer.open('WebsiteConfiguration', `xmlns="${S3_NAMESPACE}"`);
  if ('redirectAll' in website) {
    writer.open('RedirectAllRequestsTo');
    writer.leaf('HostName', website.redirectAll.hostName);
    writer.leaf('Protocol', website.redirectAll.protocol);
    writer.close('RedirectAllRequestsTo');
  } else {
    wrap(writer, 'IndexDocument', 'Suffix', website.indexSuffix);
    wrap(writer, 'ErrorDocument', 'Key', website.errorKey);
    if (website.rules.length > 0) {
      writer.open('RoutingRules');
      for (const rule of website.rules) writeRule(writer, rule);
      writer.close('RoutingRules');
    }
  }
  writer.close('WebsiteConfiguration');
  return writer.end();
}

function wrap(writer: XmlWriter, element: string, name: string, text: string | undefined): void {
  if (text === undefined) return;
  writer.open(element);
  writer.leaf(name, text);
  writer.close(element);
}

function writeRule(writer: XmlWriter, { condition, redirect }: RoutingRule): void {
  writer.open('RoutingRule');
  if (condition !== undefined) {
    writer.open('Condition');
    writer.leaf('KeyPrefixEquals', condition.keyPrefixEquals);
    writer.leaf('HttpErrorCodeReturnedEquals', condition.httpErrorCodeReturnedEquals);
    writer.close('Condition');
  }
  writer.open('Redirect');
  writer.leaf('Protocol', redirect.protocol);
  writer.leaf('HostName', redirect.hostName);
  writer.leaf('ReplaceKeyPrefixWith', redirect.replaceKeyPrefixWith);
  writer.leaf('ReplaceKeyWith', redirect.replaceKeyWith);
  writer.leaf('HttpRedirectCode', redirect.httpRedirectCode);
  writer.close('Redirect');
  writer.close('RoutingRule');
}
