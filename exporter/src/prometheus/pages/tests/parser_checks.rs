//! That the reader of the tests refuses what it should.

use super::parser::parse;

const TEXT: &str = "# TYPE a counter\na{b=\"c\"} 1\n";
const OPEN_METRICS: &str = "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds x\n\
                            a_seconds_total{b=\"\\\\\\n\\\"\"} 1\na_seconds_created{b=\"c\"} 2.5\n\
                            # EOF\n";

#[test]
fn good_pages_are_read() {
    let families = parse(TEXT, false).unwrap();
    assert_eq!(
        (&*families[0].name, families[0].samples[0].value),
        ("a", 1.0)
    );
    let families = parse(OPEN_METRICS, true).unwrap();
    assert_eq!((&*families[0].unit, &*families[0].help), ("seconds", "x"));
    assert_eq!(families[0].samples[0].labels["b"], "\\\n\"");
}

#[test]
fn bad_pages_are_not() {
    let bad_text = [
        TEXT.trim_end(),
        "a{b=\"c\"} 1\n",
        "# TYPE a counter\n# TYPE a gauge\na{b=\"c\"} 1\n",
        "# TYPE a counter\na{b=\"c\"} 1\na{b=\"c\"} 2\n",
        "# TYPE a counter\na{b=\"c\",b=\"d\"} 1\n",
        "# TYPE a counter\na{b=\"c\n\"} 1\n",
        "# TYPE a counter\na{b=\"c\\x\"} 1\n",
        "# TYPE a counter\na{b.c=\"c\"} 1\n",
        "# TYPE a counter\na{b=\"c\"} x\n",
        "# TYPE a counter\na{b=\"c\"} -1\n",
        "# TYPE a counter\na{b=\"\"} 1\n",
        "# TYPE a counter\nab{b=\"c\"} 1\n",
        "# TYPE a counter\n",
        "# TYPE a.b counter\na.b{b=\"c\"} 1\n",
        "# TYPE a gauge\na{b=\"c\"} 1\n# TYPE b gauge\nb{b=\"c\"} 1\na{b=\"d\"} 1\n",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum{} 1\na_count{} 2\n",
        "# TYPE a histogram\na_bucket{le=\"2\"} 1\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\n\
         a_sum{} 1\na_count{} 1\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum{} 1\na_count{} 1\n",
        "# TYPE a_sum gauge\na_sum{b=\"c\"} 1\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\n\
         a_sum{} 1\na_count{} 1\n",
    ];
    for page in bad_text {
        parse(page, false).expect_err(page);
    }
    let bad = [
        OPEN_METRICS.replace("# EOF\n", ""),
        OPEN_METRICS.replace("UNIT a_seconds seconds", "UNIT a_seconds bytes"),
        OPEN_METRICS.replace("a_seconds_total", "a_seconds"),
        OPEN_METRICS.replace("HELP a_seconds x", "HELP a_seconds \""),
        OPEN_METRICS.replace(" 2.5", " inf"),
        OPEN_METRICS.replace("counter", "untyped"),
    ];
    for page in bad {
        parse(&page, true).expect_err(&page);
    }
}
