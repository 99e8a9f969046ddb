"""What evidence of a front-end compromise disappears, in which order, and what this program can do with it.

How long something is kept is said only where its vendor documents it, and every plan differs: each text says to check.
"""

from dataclasses import dataclass

# How soon it may be gone.
NOW, TODAY, WEEK = "at once", "today", "this week"
LEVELS = (NOW, TODAY, WEEK)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing to save. `vectors` are the kinds of attack that make it more urgent; `only` tells that others have no use for it.

    `lost` says what makes it disappear, `save` how and where to put it, `use` what of incident.toml it fills. `kind` is the
    kind of [[logs]] that it can be named as.
    """

    key: str
    title: str
    level: str
    lost: str
    save: str
    use: str
    vectors: tuple[str, ...] = ()
    only: bool = False
    kind: str = ""


EVIDENCE = (
    Evidence(
        "payload",
        "A copy of what was served, with its hash",
        NOW,
        "the attacker takes it back, the team redeploys, a CDN purge removes it from every edge",
        "before the purge: curl --compressed -D headers.txt -o app.js URL from several places and with a browser's user agent; "
        "keep headers, size and time; put it into evidence/, packed, and never open it in a browser with a wallet",
        "[[asset]] path and bytes, so that who got the bad file is told from who got the good one",
        ("script", "cdn", "package", "dns"),
    ),
    Evidence(
        "caches",
        "Caches, service workers and open tabs",
        NOW,
        "the next visit or purge replaces them, while clients may go on using the old file",
        "note Cache-Control, Age and ETag of the bad file, the service worker's script and its caches in one affected browser "
        "(developer tools, Application, save as HAR) into evidence/; note when the purge began and was confirmed",
        "[window] cache, and [[fact]] first_known_good",
        ("script", "cdn", "package"),
    ),
    Evidence(
        "dns",
        "What DNS answers, and what it answered",
        NOW,
        "resolvers forget within the record's TTL, and the attacker changes the records back",
        "dig +trace, and dig NS, A, AAAA, CNAME, TXT and MX at several resolvers, and whois of the domain, each with its time, "
        "into evidence/; ask a passive DNS service for the history",
        "[[fact]] first_bad and last_bad; vector = \"dns\" where the answers were not yours",
        ("dns",),
    ),
    Evidence(
        "memory",
        "Servers and containers that still run",
        NOW,
        "a restart or redeploy deletes a container's log and its files",
        "save logs and a snapshot of disk (and memory, if you can) before anything is redeployed: docker logs, kubectl logs "
        "--previous, a snapshot of the volume; logs into logs/",
        "[[logs]] kind = \"access\"",
        ("backend",),
        kind="access",
    ),
    Evidence(
        "cdn",
        "CDN and edge logs",
        NOW,
        "many keep nothing unless told before, and sample; what is not pushed somewhere cannot be asked for later. Cloudflare's "
        "Logpull keeps 7 days where retention was turned on, and nothing where it was not: check yours",
        "turn on log delivery now, export all that is kept from a week before until now, every host and every zone, into logs/; "
        "note sampling and the time zone",
        "[[logs]] kind = \"access\": who loaded what and when, sessions, and the sizes of served files",
        ("script", "cdn", "package"),
        kind="access",
    ),
    Evidence(
        "origin",
        "Web server, load balancer and proxy logs",
        NOW,
        "rotation deletes the oldest piece every day; autoscaled machines take theirs along. See rotate in logrotate.conf, "
        "the life cycle of the bucket, and Google Cloud Logging's bucket (30 days unless set otherwise: check)",
        "stop rotation, copy all pieces (access.log, .1, .2.gz, …) of every machine into logs/, and ask for the time zone",
        "[[logs]] kind = \"access\", with timezone where lines carry none and trusted_proxies behind a proxy",
        ("backend", "dns"),
        kind="access",
    ),
    Evidence(
        "rpc",
        "Logs of your RPC gateway or proxy",
        NOW,
        "they are large and kept for a short time: check the gateway or ask the provider at once",
        "export requests with bodies (eth_getBalance, eth_call carry addresses) into logs/",
        "[[logs]] kind = \"access\": addresses that the web server never saw",
        kind="access",
    ),
    Evidence(
        "analytics",
        "Product analytics and sessions",
        TODAY,
        "plans keep raw events for a limited time, and many delete a person on request: check the plan",
        "export raw events (not reports) with time, address, event, session and version, as CSV, JSON lines or Parquet, into "
        "logs/; pause deletion jobs",
        "[[logs]] kind = \"events\", and [[action]] match on event",
        kind="events",
    ),
    Evidence(
        "errors",
        "Error reports",
        TODAY,
        "kept by plan and quota: check",
        "export events of the days around, with release, URL, user and breadcrumbs, into logs/; new ones show when bad code began",
        "[[logs]] kind = \"events\"; [[fact]] first_bad and last_bad",
        ("script", "package", "extension"),
        kind="events",
    ),
    Evidence(
        "deploys",
        "Deploys, build logs and artefacts",
        TODAY,
        "old builds and their logs are deleted by age and number: check the host and the build service",
        "export the list of deploys with times and authors, build logs, and the artefacts before, during and after, into evidence/",
        "[[fact]] last_known_good, first_bad and first_known_good, each with its source; [[asset]] bytes",
        ("script", "backend", "package"),
    ),
    Evidence(
        "tags",
        "Tag manager versions and third-party scripts",
        TODAY,
        "a version can be deleted, and a third party changes its script without a word",
        "export the container with all versions, who published them and when; save each third-party script with its hash, into "
        "evidence/",
        "[[fact]] first_bad; [[asset]] path of the script",
        ("script",),
    ),
    Evidence(
        "package",
        "Package versions and the lock file",
        TODAY,
        "a registry removes a malicious version, and its file with it",
        "save the tarball (npm pack NAME@VERSION), the registry's times (npm view NAME time --json), integrity hashes and the lock "
        "file of each deploy, into evidence/",
        "[[fact]] first_bad and last_bad (published and removed); [[asset]] bytes",
        ("package",),
    ),
    Evidence(
        "extension",
        "The extension's versions and the store's review history",
        TODAY,
        "a store serves the newest version alone, and browsers update on their own",
        "save the packed file of every version (from an affected browser's profile, or your build), the store's dashboard with "
        "times of upload, review and roll-out, and who may publish, into evidence/",
        "[[action]] match on version; [[fact]] first_bad and last_bad",
        ("extension",),
        only=True,
    ),
    Evidence(
        "registrar",
        "Audit logs of registrar and DNS provider",
        TODAY,
        "some show only the last changes, or only on request: check, and ask support in writing to keep them",
        "export changes of records, name servers, contacts and transfers, with times and accounts, into evidence/",
        "[[fact]] first_bad and last_bad; control",
        ("dns",),
    ),
    Evidence(
        "audit",
        "Audit logs of cloud, code host and CDN accounts",
        TODAY,
        "AWS CloudTrail's event history shows 90 days, GitHub's audit log keeps git events for 7: check yours; plans differ",
        "export sign-ins, tokens, keys and changes of settings of the weeks before, into evidence/",
        "[[fact]] with their sources: how they came in, and when",
        ("cdn", "script", "backend"),
    ),
    Evidence(
        "database",
        "The application's own database",
        TODAY,
        "sessions expire and are deleted; later writes hide what was there",
        "take a snapshot, and export sign-ins with Ethereum, sessions and linked wallets with their times into logs/",
        "[[logs]] kind = \"events\", with fields",
        ("backend",),
        kind="events",
    ),
    Evidence(
        "reports",
        "Support tickets, posts and messages of victims",
        TODAY,
        "posts are deleted, accounts closed, channels cleaned",
        "for each: address, time, what they did, transaction, a link; one line a person in a CSV; screenshots into evidence/",
        "[[report]]: the first victims find the attacker",
    ),
    Evidence(
        "attacker",
        "The attacker's site and servers",
        TODAY,
        "taken down, by you or by them",
        "before you ask for the takedown: save pages, scripts, certificates and the addresses that they send to, through a service "
        "that archives pages, into evidence/",
        "[[attacker]] address and role",
        ("dns", "script", "package"),
    ),
    Evidence(
        "certificates",
        "Certificate transparency",
        WEEK,
        "public logs keep certificates at least until they expire; what is slow is noticing",
        "search a public log for every host of the site, and save the certificates that you did not order, into evidence/",
        "[[fact]] first_bad: who takes a domain over has a certificate made within minutes",
        ("dns",),
    ),
    Evidence(
        "mail",
        "Mail and phone of who holds the accounts",
        WEEK,
        "deleted by the attacker or by age",
        "save messages of resets, transfers and new devices with full headers into evidence/; ask the phone company for SIM swaps",
        "control: who holds site, DNS and mail now",
        ("dns",),
    ),
)  # fmt: skip
