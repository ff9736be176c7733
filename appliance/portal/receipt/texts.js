// Every sentence of the page in English and Chinese; {0}, {1} are filled in.

export const LANGUAGES = { en: "en", zh: "zh-Hans" };

export const TEXTS = {
  title: ["Check a receipt", "核对收据"],
  skip: ["Skip to content", "跳到正文"],
  language: ["Language", "语言"],
  lead: [
    "A receipt says what an account of your organization's book held at a moment. It is checked here in your browser; nothing is sent anywhere.",
    "收据说明在某一时刻您的组织账本中某个账户持有多少。核对在您的浏览器中进行，不会发送任何内容。",
  ],
  receipt_label: ["The receipt", "收据"],
  receipt_hint: ["Paste its text or link, or drop its file on this page.", "粘贴收据的文本或链接，或把文件拖到此页面。"],
  open: ["Open a file", "打开文件"],
  organization_label: ["Your organization's id", "您的组织的编号"],
  organization_hint: ["27 characters, from somebody you trust. All else is checked against it.", "27 个字符，请从您信任的人处取得，其余内容以它为准。"],
  check: ["Check", "核对"],

  good: ["This receipt is good", "收据有效"],
  if_yours: ["Good, if this organization is yours", "如果这是您的组织，则收据有效"],
  came: [
    "The organization's id came with the receipt, and whoever forged one could forge both. Compare it with the id that you know:",
    "组织编号是随收据一起来的，伪造者可以同时伪造两者。请与您已知的编号比较：",
  ],
  came_other: [
    "The organization's id came with the receipt, and this browser remembers another one ({0}). Believe it only if you know this one too:",
    "组织编号是随收据一起来的，而此浏览器记住的是另一个（{0}）。只有您也认识下面的编号时才可相信：",
  ],
  same: ["I know this id: remember it", "我认识这个编号，记住它"],
  account: ["Account", "账户"],
  treasury: ["the organization's treasury", "组织的金库"],
  held: ["Held", "持有"],
  units: ["{0} smallest units", "{0} 个最小单位"],
  nothing: ["nothing", "无"],
  at: ["At", "时刻"],
  pulse: ["pulse {0}", "第 {0} 次脉动"],
  changed: ["Unchanged since", "自此未变"],
  total: ["In a total of", "总额"],
  accounts: ["{0} in {1} accounts", "{0}，共 {1} 个账户"],
  signers: ["Signed by", "签名者"],
  keepers: ["{0} of {1} bookkeepers, {2} needed:", "{1} 位记账人中的 {0} 位，至少需要 {2} 位："],
  transaction: ["Transaction", "交易"],
  included: ["is part of this pulse", "包含在此次脉动中"],
  none: ["The receipt names none.", "收据未指明交易。"],
  organization: ["Organization", "组织"],
  moment: [
    "It says what was so in this pulse, and nothing about later ones. The time is the bookkeepers'.",
    "它只说明此次脉动时的情况，不说明之后的情况。时间以记账人为准。",
  ],

  bad: ["Do not rely on this receipt", "请勿依赖此收据"],
  unchecked: ["Not checked yet", "尚未核对"],
  page: ["This page failed. Try another browser.", "页面出错，请换用其他浏览器。"],
  "input/empty": ["Paste a receipt's text first, or open its file.", "请先粘贴收据的文本，或打开文件。"],
  "input/text": [
    "This is not a receipt's text: something is missing or was added. Copy it again, from the first character to the last.",
    "这不是收据的文本：有缺失或多余的内容。请从头到尾重新复制。",
  ],
  "input/file": ["The file cannot be read, or is too big for a receipt. Choose another one.", "文件无法读取，或对收据来说太大。请选择另一个文件。"],
  "input/none": ["Type your organization's id: nothing can be checked without it.", "请输入您的组织的编号，没有它无法核对。"],
  "input/id": [
    "This is not an organization's id, which has 27 letters, digits, - or _. Look for a typing error.",
    "这不是组织编号。编号有 27 个字母、数字、- 或 _。请检查是否输错。",
  ],
  "receipt/group": [
    "The receipt is of one group of the organization, not of its whole book. Ask for one of the whole book.",
    "这张收据只涉及组织的一个分组，而不是整本账本。请索取整本账本的收据。",
  ],
  "receipt/": [
    "The receipt is damaged, or of a newer form than this page knows. Ask for it again, best as a file.",
    "收据已损坏，或其格式比本页面更新。请再要一次，最好是文件。",
  ],
  "certificate/organization": [
    "The receipt is another organization's, whose id is {0}. If you made no typing error, it is not about your organization.",
    "此收据属于另一个组织，其编号为 {0}。如果您没有输错，则收据与您的组织无关。",
  ],
  "certificate/signature": [
    "Your organization has not signed who the bookkeepers are: this was altered or forged. Ask your organization for a new receipt.",
    "您的组织没有签名指定这些记账人：内容被更改或伪造。请向您的组织索取新的收据。",
  ],
  "header/total": ["The book does not add up: it holds more or less than was issued. Tell your organization.", "账本不平：持有的总额与发行的不符。请告知您的组织。"],
  "header/pulse": [
    "These bookkeepers signed for a time when others kept the book. Ask for a receipt with the certificate of that time.",
    "这些记账人签署的时间由他人记账。请索取带有当时证书的收据。",
  ],
  "header/threshold": [
    "Too few bookkeepers have signed: {0}, where {1} are needed. Ask for a receipt with all signatures.",
    "签名的记账人太少：只有 {0} 位，需要 {1} 位。请索取带有全部签名的收据。",
  ],
  "header/signatures": [
    "A signature is not good or not a bookkeeper's: what was signed was altered or forged. Ask for a new receipt.",
    "有签名无效或不是记账人的：签名的内容被更改或伪造。请索取新的收据。",
  ],
  "proof/": [
    "Account and amount are not what the bookkeepers signed: they were altered. Ask for a new receipt.",
    "账户和金额与记账人签名的内容不符：它们被更改了。请索取新的收据。",
  ],
  "transaction/": [
    "The transaction is not one that the bookkeepers signed for this pulse. Ask for a new receipt.",
    "该交易不在记账人为此次脉动签名的交易之中。请索取新的收据。",
  ],
};
