//! What may cross threads does, and what must not can't: this file compiles
//! or it does not.

use pqcnet_telemetry_core::{
    Catalog, Counter, CounterOverflow, Family, Gauge, Histogram, LabelSet, Local, LocalCounter,
    LocalHistogram, LocalUpDownCounter, RegisterError, Registry, RetiredEpoch, Timer,
    UpDownCounter, label_set,
};

label_set! {
    enum Lane: "lane" { Fast = "fast" }
}

const fn crosses_threads<T: Send + Sync + 'static>() {}
const fn is_a_handle<T: Clone + Send + Sync + 'static>() {}

const _: () = {
    is_a_handle::<Registry>();
    is_a_handle::<Counter>();
    is_a_handle::<UpDownCounter>();
    is_a_handle::<Gauge>();
    is_a_handle::<Histogram>();
    is_a_handle::<Family<Lane, Counter>>();
    is_a_handle::<Family<Lane, Histogram>>();
    crosses_threads::<RetiredEpoch>();
    crosses_threads::<Catalog>();
    crosses_threads::<RegisterError>();
    crosses_threads::<CounterOverflow>();
    crosses_threads::<Timer<'static>>();
};

/// Two implementations for whatever is `$Trait`, one for whatever isn't: a
/// call that leaves `_` open is ambiguous for the first, and does not compile.
macro_rules! assert_not {
    ($Trait:ident: $($Type:ty),+) => {
        const _: () = {
            struct Whatever;
            struct ThatIs;
            trait Ambiguous<Mark> {
                const HERE: () = ();
            }
            impl<T: ?Sized> Ambiguous<Whatever> for T {}
            impl<T: ?Sized + $Trait> Ambiguous<ThatIs> for T {}
            $(const _: () = <$Type as Ambiguous<_>>::HERE;)+
        };
    };
}

// Sent or shared, they would give a shard a second writer.
assert_not!(Send: Local, LocalCounter, LocalUpDownCounter, LocalHistogram);
assert_not!(Sync: Local, LocalCounter, LocalUpDownCounter, LocalHistogram);

#[test]
fn errors_are_errors() {
    let errors: [Box<dyn std::error::Error + Send + Sync>; 2] = [
        Registry::new().counter("").unwrap_err().into(),
        CounterOverflow.into(),
    ];
    assert!(errors.iter().all(|error| !error.to_string().is_empty()));
    assert_eq!(Lane::ALL, [Lane::Fast]);
}
