//! Which rows filters match: see [`FilterFixture::new`] for the rows behind the letters.

use super::fixture::FilterFixture;
use crate::filter::ast::Filter;

/// The letters of all rows, in row order.
pub(crate) const ALL_ROWS: &str = "wpdlveocxtgfqmhs";

/// Filters and the rows they match, by letter in any order.
const MATCH_CASES: &[(&str, &str)] = &[
    ("", ALL_ROWS),
    // Ports.
    ("80", "w"),
    ("443", "cxtgf"),
    (":443", "cxtgf"),
    ("8080", "lm"),
    ("53", "dq"),
    ("8000-9000", "lvem"),
    (":8000-9000", "lvem"),
    ("80,5432", "wp"),
    ("80,8000-8100", "wlm"),
    ("443/tcp", "cxtgf"),
    ("53/udp", "dq"),
    ("53/TCP", ""),
    ("51234", "c"),
    ("port:80", "w"),
    ("port=80", "w"),
    ("port = 80", "w"),
    ("PORT:80", "w"),
    ("port::443", "cxtgf"),
    ("port:\"80\"", "w"),
    ("lport:443", "cxtg"),
    ("sport:443", "cxtg"),
    ("rport:443", "f"),
    ("dport = :443", "f"),
    ("port>60000", ""),
    ("port>=60000", "h"),
    ("lport<80", "dh"),
    ("lport<=80", "wdh"),
    ("rport<1024", "fq"),
    ("rport>0", "cxtgfqmhs"),
    ("not rport>=1", "wpdlveo"),
    ("port:80,443-444,9999", "wcxtgfs"),
    // Endpoints, addresses, networks.
    ("127.0.0.1:5432", "p"),
    ("127.0.0.1:8080", "m"),
    ("203.0.113.7:51234", "c"),
    ("[2001:db8::1]:443", "f"),
    ("[::ffff:127.0.0.1]:8080", "m"),
    ("127.0.0.1", "pm"),
    ("::ffff:127.0.0.1", "pm"),
    ("[2001:db8::5]", "f"),
    ("2001:db8::1", "f"),
    ("0.0.0.0", "wvo"),
    ("::", "l"),
    ("10.0.0.0/8", "cxtgqhs"),
    ("10.99.99.99/8", "cxtgqhs"),
    ("0.0.0.0/0", "wpdveocxtgqmhs"),
    ("::/0", "lf"),
    ("2001:db8::/32", "f"),
    ("addr:10.0.0.5", "cxtgqhs"),
    ("addr:9.9.9.9,192.0.2.0/24", "qhs"),
    ("addr:::1", ""),
    ("addr:2001:db8::1", "f"),
    ("ip:9.9.9.9", "q"),
    ("laddr:127.0.0.0/8", "pdm"),
    ("src:127.0.0.0/8", "pdm"),
    ("raddr:127.0.0.0/8", "m"),
    ("raddr:192.0.2.0/30", "s"),
    ("host:9.9.9.9", "q"),
    ("host:198.51.100.0/24", "xt"),
    ("host:203.0.113.", "cg"),
    ("host:203.0.113", "cg"),
    ("host:db8", "f"),
    ("host:DB8", "f"),
    ("host:\"9.9\"", "q"),
    ("host~^192\\.", "hs"),
    ("host~\\.9$", "xtq"),
    // Keywords and fixed values.
    ("tcp", "wplvecxtgfmhs"),
    ("udp", "doq"),
    ("UDP", "doq"),
    ("proto:udp,tcp", ALL_ROWS),
    ("ipv6", "lfm"),
    ("ipv4 udp", "doq"),
    ("family:v6", "lfm"),
    ("listening", "wpdlveo"),
    ("listen", "wpdlveo"),
    ("state:listen", "wplve"),
    ("established", "cfqmh"),
    ("state:established", "cfmh"),
    ("state:ESTAB", "cfmh"),
    ("close-wait", "x"),
    ("CLOSE_WAIT", "x"),
    ("closewait", "x"),
    ("cw", "x"),
    ("tw", "t"),
    ("fin-wait-2", "g"),
    ("finwait2", "g"),
    ("syn-sent", "s"),
    ("state:close-wait,time-wait", "xt"),
    ("state:syn_recv", ""),
    ("side:outgoing", "fqs"),
    ("outgoing", "fqs"),
    ("serving", "cxtgmh"),
    ("side:inbound,outgoing", "cxtgfqmhs"),
    ("loopback", "pdm"),
    ("closed", "g"),
    ("state:closed", ""),
    ("new", "f"),
    ("reach:everyone", "wlo"),
    ("reach:this-machine", "p"),
    ("reach:loopback", "p"),
    ("reach:192.168.0.0/16", "e"),
    ("reach:eth0", "v"),
    ("reach:\"lo\"", "d"),
    ("reach:everyone,eth0", "wlov"),
    ("not reach:everyone listening", "pdve"),
    // Names.
    ("nginx", "wcxt"),
    ("NGINX", "wcxt"),
    ("gin", "wcxt"),
    ("nginx.service", "wcx"),
    ("user@1000", "vefs"),
    ("systemd-resolve", "dq"),
    ("https", "ecxtgf"),
    ("docker", "lm"),
    ("3f2a9c", "lm"),
    ("\"my app\"", "e"),
    ("\"web content\"", "f"),
    ("кот", "o"),
    ("root", "h"),
    ("nosuchproc", ""),
    ("proc:nginx", "wcxt"),
    ("process:nginx", "wcxt"),
    ("proc:curl,java", "lms"),
    ("proc:\"my app\",curl", "es"),
    ("proc~^py", "v"),
    ("proc ~ ^PY", "v"),
    ("proc~(curl|java)$", "lms"),
    ("(proc~(curl|java))", "lms"),
    ("proc~\"^web c\"", "f"),
    ("proc~[)n]ginx", "wcxt"),
    ("pid:813", "wcxt"),
    ("pid:812", "w"),
    ("pid:600-700", "pdq"),
    ("pid>=5000", "veo"),
    ("ppid:1", "wpdq"),
    ("ppid:812", "wcxt"),
    ("user:www-data", "wcx"),
    ("user:root", "h"),
    ("uid:0", "h"),
    ("uid>=1000", "lvefms"),
    ("unit:nginx", "wcx"),
    ("unit~^user@\\d+", "vefs"),
    ("container:docker", "lm"),
    ("cmd:8080", "lm"),
    ("cmd:\"-m http.server\"", "v"),
    ("cmd:https://example", "s"),
    ("service:http", "wlecxtgfm"),
    ("service~^http$", "w"),
    ("interface:eth0", "v"),
    ("interface:ETH0", "v"),
    ("interface:eth", ""),
    ("interface~^e", "v"),
    ("iface:lo", "d"),
    // Numbers.
    ("age>1h", "x"),
    ("age>60m", "x"),
    // `x` is at least three hours old; whether it is younger than a day is unknown.
    ("age>1h age<1d", ""),
    ("age:1h-1d", ""),
    ("age<1s", "of"),
    ("age:1m-5m", "c"),
    ("age:0-1ms", "of"),
    ("age>=10s", "wpdlvecxtqmhs"),
    ("recvq>0", "xm"),
    ("recvq:0", "dcf"),
    ("recvq>=1MiB", "m"),
    ("recvq>1MiB", ""),
    ("recvq>=1M", "m"),
    ("recvq:500-1k", "x"),
    ("sendq>=2k", "c"),
    ("sendq>=2kB", "c"),
    ("sendq>2KiB", ""),
    ("rtt>10ms", "cf"),
    ("rtt>=50ms", "f"),
    ("rtt<50000us", "c"),
    ("rtt<1s", "cf"),
    ("not rtt<1s tcp serving", "xtgmh"),
    ("retrans>0", "c"),
    ("retrans:0", "xfm"),
    ("rate>1M", "f"),
    ("rate>1M/s", "f"),
    ("rate:0", "m"),
    ("rx>=1.2k", "cf"),
    ("down>1k", "cf"),
    ("tx>8400", "c"),
    ("tx<=8400", "fm"),
    ("inode:201", "c"),
    ("cookie:1201,1202", "cx"),
    // Combinations.
    ("nginx 443", "cxt"),
    ("nginx and 443", "cxt"),
    ("nginx AND 443", "cxt"),
    ("80 or 22", "wh"),
    ("80 OR 22", "wh"),
    ("nginx 443 or java", "cxtlm"),
    ("java or nginx 443", "cxtlm"),
    ("nginx (80 or tw)", "wt"),
    ("nginx(80 or tw)", "wt"),
    ("not tcp", "doq"),
    ("NOT tcp", "doq"),
    ("!tcp", "doq"),
    ("! tcp", "doq"),
    ("-tcp", "doq"),
    ("-(tcp or 53)", "o"),
    ("!!udp", "doq"),
    ("not not udp", "doq"),
    ("nginx -443", "w"),
    ("nginx not listening !tw", "cx"),
    ("not nginx 443", "gf"),
    ("not (nginx 443) 443", "gf"),
    ("nginx and not loopback", "wcxt"),
    ("port:443 and state:close-wait", "x"),
    ("((443))", "cxtgf"),
    ("\"and\"", ""),
];

#[test]
fn filters_match_the_expected_rows() {
    let fixture = FilterFixture::new();
    assert!(MATCH_CASES.len() >= 120, "{}", MATCH_CASES.len());
    let mut wrong = Vec::new();
    for (text, expected) in MATCH_CASES {
        // The letters of the table are in no particular order.
        let evaluate = |f: Filter| (fixture.matching_letters(&f), f);
        match Filter::parse(text).map(evaluate) {
            Ok((matched, filter)) => {
                let expected: String = ALL_ROWS.chars().filter(|c| expected.contains(*c)).collect();
                if matched != expected {
                    wrong.push(format!("{text}: {matched}, expected {expected}"));
                }
                let again = Filter::parse(&filter.to_string());
                if again.as_ref() != Ok(&filter) {
                    wrong.push(format!("{text}: printed as {filter}, which is {again:?}"));
                }
            }
            Err(error) => wrong.push(format!("{text}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn negation_matches_the_complement() {
    let fixture = FilterFixture::new();
    for (text, _) in MATCH_CASES.iter().filter(|(text, _)| !text.is_empty()) {
        let yes = fixture.matching_letters(&Filter::parse(text).unwrap());
        let no = fixture.matching_letters(&Filter::parse(&format!("not ({text})")).unwrap());
        assert!(
            ALL_ROWS.chars().all(|c| yes.contains(c) != no.contains(c)),
            "{text}"
        );
    }
}
