use super::*;

#[test]
fn a_folder_that_is_open_is_in_use_and_free_again_once_it_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    assert!(matches!(
        Spool::open(dir.path(), &OPTIONS),
        Err(SpoolError::InUse { .. })
    ));
    drop(spool);
    open(dir.path());
}

/// For [`a_folder_that_another_process_has_open_is_in_use`]: opens the folder
/// it is told, and says how that went.
#[test]
#[ignore = "the other process of another test"]
fn other_process() {
    let Some(dir) = std::env::var_os("PQCNET_TEST_SPOOL") else {
        return;
    };
    match Spool::open(Path::new(&dir), &OPTIONS) {
        Ok(_) => println!("opened"),
        Err(SpoolError::InUse { .. }) => println!("in use"),
        Err(other) => println!("{other}"),
    }
}

#[test]
fn a_folder_that_another_process_has_open_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let other = || {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "spool::tests::folder::other_process"])
            .args(["--ignored", "--nocapture"])
            .env("PQCNET_TEST_SPOOL", dir.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let spool = open(dir.path());
    let said = other();
    assert!(said.contains("in use"), "{said}");
    drop(spool);
    let said = other();
    assert!(said.contains("opened"), "{said}");
}

#[test]
fn a_folder_below_a_file_is_an_error_of_the_folder() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let dir = file.path().join("spool");
    let refused = Spool::open(&dir, &OPTIONS).unwrap_err();
    assert!(
        matches!(&refused, SpoolError::Io { path, .. } if *path == dir),
        "{refused}"
    );
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_says_so() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
    // Permissions don't bind root; the kernel's own files do.
    let is_bound = fs::write(dir.path().join("probe"), "").is_err();
    let folder = if is_bound {
        dir.path()
    } else {
        Path::new("/sys/kernel")
    };
    if !folder.exists() {
        eprintln!("SKIPPED: no folder is read-only for this user");
        return;
    }
    let refused = Spool::open(folder, &OPTIONS).unwrap_err();
    assert!(matches!(refused, SpoolError::ReadOnly { .. }), "{refused}");
}

#[cfg(unix)]
#[test]
fn what_is_created_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/b");
    let _spool = open(&dir);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join(FILE)), 0o600);
    assert_eq!(mode(&dir.join("events.lock")), 0o600);
}

#[test]
fn a_start_that_was_interrupted_is_finished_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).append(&events(0..5)).unwrap();
    let (file, new) = (dir.path().join(FILE), dir.path().join("events.redb.new"));

    // The damaged file is aside, the new one not yet in its place.
    fs::rename(&file, &new).unwrap();
    assert_eq!(all(&mut open(dir.path())).len(), 5);

    // The new file was not complete.
    fs::write(&new, [0; 5_000]).unwrap();
    assert_eq!(all(&mut open(dir.path())).len(), 5);
    fs::remove_file(&file).unwrap();
    fs::write(&new, [0; 5_000]).unwrap();
    assert_eq!(all(&mut open(dir.path())).len(), 0);
    assert!(!new.exists());
}
