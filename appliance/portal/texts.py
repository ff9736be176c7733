"""Every sentence of the portal in English and Chinese. Plain text: pages.py escapes it and what is filled in."""

LANGUAGES = {"en": "English", "zh": "中文"}
HTML_LANGUAGE = {"en": "en", "zh": "zh-Hans"}

# key: (English, Chinese)
TEXTS = {
    # shell
    "setup": ("Set up", "设置"),
    "step_of": ("Step {step} of {steps}", "第 {step} 步，共 {steps} 步"),
    "skip_to_content": ("Skip to content", "跳到正文"),
    "continue": ("Continue", "继续"),
    "save": ("Save", "保存"),
    "saved": ("Saved.", "已保存。"),
    "error_form_old": ("This page was open too long. Please send it once more.", "此页面打开太久，请再提交一次。"),
    "error_title": ("That did not work", "操作未成功"),
    "error_home": ("Go to the start page", "返回首页"),
    "error_not_found": ("There is no such page on this device.", "本设备上没有这个页面。"),
    "error_host": ("This address does not belong to this device. Use its own address.", "该地址不属于本设备，请使用设备自己的地址。"),
    "error_foreign_form": ("This form came from another site and was not accepted.", "此表单来自其他网站，未被接受。"),
    "error_role": ("Your key may look at this, but not change it.", "您的密钥只能查看，不能更改。"),
    "error_refused": ("The device refused: {message}", "设备拒绝了：{message}"),
    # step names
    "step_name": ("Name", "名称"),
    "step_wifi": ("Wi‑Fi", "无线网络"),
    "step_owner": ("Owner", "所有者"),
    "step_sharing": ("Sharing", "共享"),
    "step_reach": ("Reach", "可见范围"),
    "step_done": ("Done", "完成"),
    # name
    "name_title": ("Welcome", "欢迎"),
    "name_lead": (
        "This device will keep your data and serve it in your name. Setting it up takes about three minutes.",
        "这台设备将保管您的数据，并以您的名义提供服务。设置大约需要三分钟。",
    ),
    "name_label": ("What should it be called?", "给设备起个名字"),
    "name_hint": ("For example “Living room”. You can change it later.", "例如“客厅”。以后可以更改。"),
    "name_bad": ("A name has 1 to 32 characters.", "名称长度为 1 到 32 个字符。"),
    "language_label": ("Language", "语言"),
    # wifi
    "wifi_title": ("Connect to Wi‑Fi", "连接无线网络"),
    "wifi_lead": (
        "Pick your network. The device keeps the password only after it has worked.",
        "请选择您的网络。只有连接成功后，设备才会保存密码。",
    ),
    "wifi_networks": ("Networks nearby", "附近的网络"),
    "wifi_looking": ("Looking for networks…", "正在搜索网络…"),
    "wifi_none": ("No network found. Move the device closer to your router.", "没有找到网络。请把设备移近路由器。"),
    "wifi_scan_failed": ("The device could not look for networks: {message}", "设备无法搜索网络：{message}"),
    "wifi_hidden": ("Another network", "其他网络"),
    "wifi_hidden_hint": ("One that hides its name", "隐藏名称的网络"),
    "wifi_hidden_label": ("Name of the hidden network", "隐藏网络的名称"),
    "wifi_password": ("Password", "密码"),
    "wifi_password_hint": ("Leave empty if the network is open.", "开放网络请留空。"),
    "wifi_show": ("Show", "显示"),
    "wifi_hide": ("Hide", "隐藏"),
    "wifi_join": ("Connect", "连接"),
    "wifi_wired": ("Stay on the cable, skip Wi‑Fi", "使用网线，跳过无线网络"),
    "wifi_later": ("Go on without Wi‑Fi for now", "暂不连接无线网络"),
    "wifi_exposed": (
        "This device cannot encrypt its own Wi‑Fi: whoever is near can read what you type while you are on it, passwords too. "
        "If you can, plug a cable into the device and open its page from your own network.",
        "此设备无法加密自己的无线网络：附近的人可以读取您在其上输入的内容，包括密码。如有条件，请给设备插上网线，并从您自己的网络打开此页面。",
    ),
    "wifi_open": ("open", "开放"),
    "wifi_locked": ("password needed", "需要密码"),
    "wifi_old": ("old encryption (WEP), not supported", "过时的加密方式（WEP），不支持"),
    "wifi_signal_4": ("strong signal", "信号强"),
    "wifi_signal_3": ("good signal", "信号良好"),
    "wifi_signal_2": ("weak signal", "信号较弱"),
    "wifi_signal_1": ("very weak signal", "信号很弱"),
    "wifi_bad_name": (
        "Pick a network, or type the name of a hidden one (at most 32 bytes).",
        "请选择一个网络，或输入隐藏网络的名称（最多 32 字节）。",
    ),
    "wifi_bad_password": ("A Wi‑Fi password has 8 to 63 characters.", "无线网络密码长度为 8 到 63 个字符。"),
    "wifi_busy": ("The device is already trying a network.", "设备正在尝试连接网络。"),
    "wifi_now": ("Connected to “{ssid}”.", "已连接到“{ssid}”。"),
    "trying_title": ("Connecting…", "正在连接…"),
    "trying_lead": ("The device is trying “{ssid}”. This takes up to a minute.", "设备正在尝试连接“{ssid}”，最多需要一分钟。"),
    "trying_ap": (
        "If this page stops, your phone lost the device’s own network for a moment. Join it again: the result is waiting here.",
        "如果页面停住，说明手机暂时断开了设备的网络。请重新连接该网络，结果会显示在这里。",
    ),
    "trying_seconds": ("{seconds} s", "{seconds} 秒"),
    "joined_title": ("Connected", "已连接"),
    "joined_lead": ("The device is on “{ssid}” and has the address {address}.", "设备已连接到“{ssid}”，地址为 {address}。"),
    "reason_wrong_password": (
        "The network “{ssid}” did not accept the password. Check capital letters and try again.",
        "网络“{ssid}”不接受该密码。请检查大小写后重试。",
    ),
    "reason_not_found": (
        "The network “{ssid}” is out of sight. Is the router on, and near enough?",
        "找不到网络“{ssid}”。路由器是否已打开、距离是否足够近？",
    ),
    "reason_no_address": (
        "“{ssid}” let the device in but gave it no address. Restarting the router often helps.",
        "“{ssid}”允许接入，但没有分配地址。重启路由器通常可以解决。",
    ),
    "reason_timeout": (
        "“{ssid}” did not answer in time. Move the device closer and try again.",
        "“{ssid}”没有及时响应。请靠近路由器后重试。",
    ),
    "reason_unsupported": ("“{ssid}” uses an encryption this device does not know.", "“{ssid}”使用了本设备不支持的加密方式。"),
    "reason_failed": ("The device could not join “{ssid}”.", "设备无法加入“{ssid}”。"),
    # owner
    "owner_title": ("Make it yours", "认领设备"),
    "owner_lead": (
        "Whoever holds the owner key commands this device. Nobody else can, not even its maker. It is claimed once.",
        "持有所有者密钥的人才能控制这台设备，其他任何人都不能，制造商也不能。设备只能认领一次。",
    ),
    "owner_token": ("Claim token", "认领码"),
    "owner_token_hint": ("It is printed where the device was started, or on its screen.", "它显示在启动设备的终端或设备屏幕上。"),
    "owner_create": ("Create a key here", "在此创建密钥"),
    "owner_create_hint": (
        "For a phone or computer you trust. You write down 24 words; they are shown once.",
        "适用于您信任的手机或电脑。您需要抄写 24 个单词，它们只显示一次。",
    ),
    "owner_no_script": (
        "Creating a key in this browser needs JavaScript. On a computer, “leither key new” makes one and prints its public key.",
        "在浏览器中创建密钥需要 JavaScript。您也可以在电脑上运行“leither key new”，它会生成密钥并显示公钥。",
    ),
    "owner_no_words": (
        "To make a key, run “leither key new” on a computer. It prints the public key to paste here.",
        "请在电脑上运行“leither key new”创建密钥，然后把显示的公钥粘贴到这里。",
    ),
    "owner_have": ("I already have a key", "我已有密钥"),
    "owner_paste": ("Public key", "公钥"),
    "owner_paste_hint": (
        "48 characters, printed by “leither key new” or “leither key show”.",
        "48 个字符，由“leither key new”或“leither key show”显示。",
    ),
    "owner_claim": ("Claim this device", "认领此设备"),
    "owner_key_bad": ("That is not a public key: {message}", "这不是有效的公钥：{message}"),
    "owner_key_missing": ("Create a key or paste a public key.", "请创建密钥或粘贴公钥。"),
    "owner_token_bad": ("That claim token is not right. Please compare it letter by letter.", "认领码不正确，请逐字核对。"),
    "owner_token_limited": (
        "Too many wrong claim tokens. Wait a minute, then try again.",
        "认领码输错次数过多。请等一分钟后再试。",
    ),
    "owner_already": ("This device already has an owner.", "此设备已有所有者。"),
    "owner_closed": (
        "The time for claiming is over. Turn the device off and on to open it again.",
        "认领时间已过。请关闭设备再打开。",
    ),
    "words_title": ("Write down these 24 words", "请抄写这 24 个单词"),
    "words_lead": (
        "They are your owner key. On paper, in this order. They are shown once and kept nowhere else.",
        "它们就是您的所有者密钥。请按顺序抄在纸上。它们只显示一次，不会保存在其他地方。",
    ),
    "words_written": ("I have written them down", "我已抄好"),
    "words_check_title": ("Three of them, to be sure", "请确认其中三个单词"),
    "words_check": ("Word {number}", "第 {number} 个单词"),
    "words_wrong": ("That is not word {number}. Please look at your paper.", "第 {number} 个单词不正确，请核对您的记录。"),
    "words_again": ("Show the words again", "再看一遍单词"),
    "words_cancel": ("Use another key instead", "改用其他密钥"),
    "words_working": ("Creating your key…", "正在创建密钥…"),
    "words_unsent": ("Not claimed yet: {message} Your key is still here, try again.", "尚未认领：{message} 密钥仍在此页面，请重试。"),
    "words_failed": ("This browser could not create a key: {message}", "此浏览器无法创建密钥：{message}"),
    # sharing
    "sharing_title": ("What may it use?", "允许使用多少资源？"),
    "sharing_lead": (
        "The device keeps data for you and passes it on. Set how much room and bandwidth it may take.",
        "设备为您保存并传递数据。请设定它可以使用的空间和带宽。",
    ),
    "sharing_storage": ("Storage for content", "内容存储空间"),
    "sharing_up": ("Upload at most", "上传上限"),
    "sharing_down": ("Download at most", "下载上限"),
    "sharing_range": ("{low} to {high} {unit}", "{low} 到 {high} {unit}"),
    "sharing_bad": ("“{field}” must be a whole number from {low} to {high}.", "“{field}”必须是 {low} 到 {high} 之间的整数。"),
    # reach
    "reach_title": ("Who can find it?", "谁能找到它？"),
    "reach_lead": ("You can change this at any time.", "您可以随时更改。"),
    "reach_lan": ("Only this home network", "仅限本地网络"),
    "reach_lan_hint": (
        "Others see nothing: the device speaks only to machines on your own network.",
        "外部看不到任何信息：设备只与您本地网络中的机器通信。",
    ),
    "reach_organization": ("A closed network of my organization", "组织的封闭网络"),
    "reach_organization_hint": (
        "Members of the organization see the device’s address and what it offers them; strangers see nothing.",
        "组织成员可以看到设备的地址及其提供的内容；其他人看不到任何信息。",
    ),
    "reach_mainline": ("The public network", "公共网络"),
    "reach_mainline_hint": (
        "Anyone on the Mainline network can see its internet address and the ids of what it serves, never your keys or private data.",
        "Mainline 网络上的任何人都能看到它的互联网地址和所提供内容的编号，但看不到您的密钥和私人数据。",
    ),
    "reach_bad": ("Choose one of the three.", "请选择其中一项。"),
    # done
    "done_title": ("Ready", "设置完成"),
    "done_lead": ("“{name}” is yours and running.", "“{name}”已归您所有，正在运行。"),
    "done_unclaimed": ("“{name}” runs, but nobody owns it yet.", "“{name}”正在运行，但还没有所有者。"),
    "done_address": ("Its address", "设备地址"),
    "done_rejoin": (
        "Put your phone back on “{ssid}”, then open this address.",
        "请把手机连接回“{ssid}”，然后打开此地址。",
    ),
    "done_remote": ("Command it from a computer", "在电脑上控制设备"),
    "done_remote_hint": ("Where your owner key lives, type:", "在保存所有者密钥的电脑上输入："),
    "done_remote_words": (
        "Type this, one after the other. The first asks for your 24 words and makes them your key there:",
        "请依次输入。第一条命令会询问您的 24 个单词，并在那里恢复您的密钥：",
    ),
    "done_qr": ("QR code of the address", "地址二维码"),
    "done_open": ("Open the device page", "打开设备页面"),
    "done_claim": ("Claim it now", "立即认领"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    # sign in
    "sign_in_title": ("Sign in", "登录"),
    "sign_in_lead": (
        "This device has an owner. Approve this browser with a key that may command it.",
        "此设备已有所有者。请用有权控制它的密钥批准此浏览器。",
    ),
    "sign_in_code": ("Your code", "您的代码"),
    "sign_in_line": ("On your computer, type:", "在您的电脑上输入："),
    "sign_in_waiting": ("Waiting for your approval…", "等待批准…"),
    "sign_in_check": ("Check now", "立即检查"),
    "sign_in_here": ("Sign in with the key in this browser", "用此浏览器中的密钥登录"),
    "sign_in_here_failed": ("The key in this browser was not accepted: {message}", "此浏览器中的密钥未被接受：{message}"),
    "sign_in_words": ("Use my recovery words", "使用助记词"),
    "sign_in_words_hint": (
        "Only on a network you trust: this page is plain http, so others on the network could read or change it. "
        "“leither remote … sign-in” on your computer, as above, is the safer way. "
        "The words make a key for this browser and are then forgotten.",
        "仅在您信任的网络上使用：此页面是未加密的 http，同一网络中的其他人可能读取或篡改它。"
        "用上方的“leither remote … sign-in”在电脑上登录更安全。助记词只用来为此浏览器生成密钥，随后即被丢弃。",
    ),
    "sign_in_words_failed": ("Signing in did not work: {message}", "登录未成功：{message}"),
    "sign_in_words_strange": ("These are not the words of this device’s owner.", "这不是此设备所有者的助记词。"),
    "words_count": ("There must be 24 words; these are {number}.", "需要 24 个单词，现在是 {number} 个。"),
    "words_unknown": (
        "Word {number}, “{word}”, is not in the list. Please check its spelling.",
        "第 {number} 个单词“{word}”不在词表中，请检查拼写。",
    ),
    "words_mixed": (
        "All 24 are words of the list, but they do not fit together: one is wrong, or two are swapped.",
        "24 个单词都在词表中，但组合不正确：有一个写错，或有两个顺序颠倒。",
    ),
    "sign_in_words_label": ("The 24 words, in order", "按顺序输入 24 个单词"),
    "sign_out": ("Sign out", "退出"),
    # device pages
    "nav_status": ("Status", "状态"),
    "nav_log": ("Log", "日志"),
    "nav_settings": ("Settings", "设置"),
    "status_state": ("State", "状态数据"),
    "status_up_to": ("up to {size}", "最多 {size}"),
    "status_memory": ("Memory", "内存"),
    "status_temperature": ("Temperature", "温度"),
    "status_uptime": ("Running for", "运行时间"),
    "status_requests": ("Requests", "请求数"),
    "status_traffic": ("Traffic", "流量"),
    "status_received": ("{size} in", "收 {size}"),
    "status_sent": ("{size} out", "发 {size}"),
    "status_clock": ("Clock", "时钟"),
    "status_floor": ("Not before", "不早于"),
    "status_version": ("Versions", "版本"),
    "status_id": ("Device id", "设备编号"),
    "status_network": ("Network", "网络"),
    "status_of": ("{used} of {total}", "{used} / {total}"),
    "status_wired": ("by cable", "网线"),
    "status_own_network": ("only the device’s own Wi‑Fi", "仅设备自己的无线网络"),
    "status_no_network": ("none", "无"),
    "status_days": ("{days} d {hours} h", "{days} 天 {hours} 小时"),
    "status_hours": ("{hours} h {minutes} min", "{hours} 小时 {minutes} 分钟"),
    "status_minutes": ("{minutes} min", "{minutes} 分钟"),
    "status_system": ("System", "系统"),
    "status_slot": ("slot {slot}", "{slot} 槽"),
    "status_slot_trial": ("slot {slot}, on trial", "{slot} 槽（试运行中）"),
    "status_trouble": ("Something went wrong when it started", "启动时出现问题"),
    "status_news": ("A new system", "新系统"),
    "trial_running": (
        "It is on trial in slot {slot}. Leave the device switched on: once it has run well for a minute it is kept by itself, "
        "otherwise the device restarts and the system before it returns.",
        "{slot} 槽中的系统正在试运行。请不要断电：正常运行一分钟后会自动保留，否则设备将重新启动并恢复之前的系统。",
    ),
    "trial_asked": (
        "The next start tries the one in slot {slot}. Restart the device when it suits you.",
        "下次启动时将试用 {slot} 槽中的系统。请在方便时重新启动设备。",
    ),
    "trial_failed": (
        "The one in slot {slot} was given up, and slot {running} runs on. Nothing of yours was lost.",
        "{slot} 槽中的系统未被保留，{running} 槽继续运行。您的数据没有丢失。",
    ),
    "trial_node_never_ready": (
        "Its node did not become ready in seven minutes. Wait for a newer version.",
        "其节点七分钟内未能就绪。请等待更新的版本。",
    ),
    "trial_node_not_healthy": ("Its node kept failing. Wait for a newer version.", "其节点反复出错。请等待更新的版本。"),
    "trial_commit_refused": (
        "The card did not take the note to keep it. If that happens again, the card is worn out: use a new one.",
        "存储卡未能记录保留它的决定。如果再次发生，说明存储卡已损坏，请更换。",
    ),
    "trial_system_restarted": (
        "It restarted before it had run well for a minute: it crashed, or the power went. If the power went, try it once more.",
        "它在正常运行一分钟之前重新启动了：系统崩溃或断电。如果是断电，可以再试一次。",
    ),
    "trial_system_never_started": ("It did not start at all. Wait for a newer version.", "它完全没有启动。请等待更新的版本。"),
    "trial_unknown": ("The reason given is “{reason}”.", "原因为“{reason}”。"),
    "status_unfinished": ("The setup is not finished.", "设置尚未完成。"),
    "status_finish": ("Go on with the setup", "继续设置"),
    "log_empty": ("The log is empty.", "日志为空。"),
    "log_lead": ("The newest line is last. Kept in memory only; times are UTC.", "最新的一行在最后。仅保存在内存中，时间为 UTC。"),
    "log_info": ("info", "信息"),
    "log_warning": ("warning", "警告"),
    "log_error": ("error", "错误"),
    "log_failed": ("The log cannot be read: {message}", "无法读取日志：{message}"),
    "settings_yes": ("Yes", "是"),
    "settings_no": ("No", "否"),
    "settings_act": ("Do something", "操作"),
    "settings_identify": ("Blink its light", "闪烁指示灯"),
    "settings_identified": ("Its light blinks for ten seconds.", "指示灯将闪烁十秒。"),
    "settings_reboot": ("Restart", "重新启动"),
    "settings_rebooting": ("Restarting. Sign in again in half a minute.", "正在重新启动，请在半分钟后重新登录。"),
    "settings_reset": ("Factory reset", "恢复出厂设置"),
    "settings_reset_hint": (
        "Erases everything, also the claim. A browser may not do that: it takes a command signed by the owner. On your computer, type:",
        "清除所有内容，包括所有权。浏览器会话无权执行：它需要所有者签名的命令。请在电脑上输入：",
    ),
    "settings_wifi": ("Change the Wi‑Fi network", "更换无线网络"),
    "settings_metrics": ("Let other machines read /metrics", "允许其他机器读取 /metrics"),
    "settings_timezone": ("Time zone", "时区"),
    "settings_timezone_hint": (
        "For example Europe/Berlin. Only kept for now: the log goes on in UTC.",
        "例如 Asia/Shanghai。目前仅作保存：日志仍使用 UTC。",
    ),
}


def text(language, key, **values):
    """The sentence of a key, filled in; plain text, not yet HTML."""
    sentence = TEXTS[key][1 if language == "zh" else 0]
    return sentence.format(**values) if values else sentence


def preferred_language(accept_language):
    """ "en" or "zh" from an Accept-Language header (RFC 9110 12.5.4): the one with the higher weight, English if neither is named."""
    best, best_weight = "en", 0.0
    for part in accept_language[:256].split(","):
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language not in LANGUAGES:
            continue
        try:
            weight = float(parameter.strip()[2:]) if parameter.strip().startswith("q=") else 1.0
        except ValueError:
            continue
        if weight > best_weight:
            best, best_weight = language, weight
    return best
