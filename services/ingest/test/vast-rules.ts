import { DOMParser, type Element } from '@xmldom/xmldom';

/** @throws an error for a text that is not XML, as far as this lenient parser notices */
export function parseXml(xml: string): Element {
  const onError = (level: string, message: string): void => {
    // It warns of U+FFFD.
    if (level !== 'warning') throw new Error(message);
  };
  const root = new DOMParser({ onError }).parseFromString(xml, 'application/xml').documentElement;
  if (root === null) throw new Error('the document is empty');
  return root;
}

/** The children of the elements that `/vast` writes, in the order of the schema of VAST 4.2. */
const CONTENT: Readonly<Record<string, RegExp>> = {
  VAST: /^(Ad |Error )?$/,
  Ad: /^(InLine |Wrapper )$/,
  InLine: /^AdSystem Error Impression ViewableImpression AdServingId AdTitle (Advertiser )?Creatives $/,
  Wrapper: /^AdSystem Error Impression ViewableImpression Creatives VASTAdTagURI $/,
  ViewableImpression: /^Viewable NotViewable ViewUndetermined $/,
  Creatives: /^(Creative )+$/,
  'InLine/Creative': /^(Linear |CompanionAds )UniversalAdId $/,
  'Wrapper/Creative': /^(Linear |CompanionAds )$/,
  'InLine/Linear': /^TrackingEvents Duration MediaFiles (VideoClicks )?$/,
  'Wrapper/Linear': /^TrackingEvents VideoClicks $/,
  TrackingEvents: /^(Tracking )+$/,
  MediaFiles: /^(MediaFile )+$/,
  VideoClicks: /^(ClickTracking )?(ClickThrough )?$/,
  CompanionAds: /^Companion $/,
  Companion: /^StaticResource (AltText )?(CompanionClickThrough (CompanionClickTracking )?)?TrackingEvents $/,
};

/** `name="value"` of each attribute, in any order. Elements that are missing here have none. */
const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  VAST: { version: /^4\.2$/, xmlns: /^http:\/\/www\.iab\.com\/VAST$/ },
  Ad: { id: /^.*$/su, 'adType?': /^(video|audio)$/ },
  Wrapper: { followAdditionalWrappers: /^true$/, allowMultipleAds: /^false$/, fallbackOnNoAd: /^false$/ },
  Linear: { 'skipoffset?': /^(\d{2}:[0-5]\d:[0-5]\d(\.\d{3})?|1?\d?\d%)$/ },
  Tracking: {
    event:
      /^(mute|unmute|pause|resume|rewind|skip|playerExpand|playerCollapse|loaded|start|firstQuartile|midpoint|thirdQuartile|complete|closeLinear|creativeView|otherAdInteraction|interactiveStart)$/,
  },
  MediaFile: {
    delivery: /^(streaming|progressive)$/,
    type: /^.*$/su,
    width: /^\d+$/,
    height: /^\d+$/,
    'bitrate?': /^\d+$/,
  },
  UniversalAdId: { idRegistry: /^unknown$/ },
  Companion: { width: /^\d+$/, height: /^\d+$/ },
  StaticResource: { creativeType: /^image\/[\w+]+$/ },
  CompanionClickTracking: { id: /^click$/ },
};

const URLS =
  /^(Error|Impression|Viewable|NotViewable|ViewUndetermined|Tracking|MediaFile|Click\w+|CompanionClick\w+|StaticResource|VASTAdTagURI)$/;
const URL_TEXT = /^https?:\/\/[!#-;=?-[\]_a-z~]+$/;

/** The faults of a document, by the rules of VAST 4.2 that players rely on. */
export function vastProblems(xml: string): string[] {
  const problems: string[] = [];
  checkElement(parseXml(xml), '', problems);
  return problems;
}

function checkElement(element: Element, place: string, problems: string[]): void {
  const name = element.nodeName;
  const children = Array.from(element.childNodes).filter((node): node is Element => node.nodeType === 1);
  const order = children.map(({ nodeName }) => `${nodeName} `).join('');
  const expected = CONTENT[`${place}/${name}`] ?? CONTENT[name] ?? /^$/;
  if (!expected.test(order)) problems.push(`${place}/${name} has the children ${order}`);
  const rules = Object.entries(ATTRIBUTES[name] ?? {});
  const known = new Set(rules.map(([rule]) => rule.replace('?', '')));
  for (const { name: attribute } of Array.from(element.attributes)) {
    if (!known.has(attribute)) problems.push(`${name} has the attribute ${attribute}`);
  }
  for (const [rule, pattern] of rules) {
    const attribute = rule.replace('?', '');
    if (!element.hasAttribute(attribute) && rule.endsWith('?')) continue;
    if (!pattern.test(element.getAttribute(attribute) ?? '')) {
      problems.push(`${name} has ${attribute}="${element.getAttribute(attribute)}"`);
    }
  }
  const text = element.textContent ?? '';
  if (URLS.test(name) && !URL_TEXT.test(text)) problems.push(`${name} has the URL ${text}`);
  if (name === 'Duration' && !/^\d\d:[0-5]\d:[0-5]\d\.\d{3}$/.test(text)) problems.push(`Duration is ${text}`);
  for (const child of children) checkElement(child, name === 'InLine' || name === 'Wrapper' ? name : place, problems);
}
