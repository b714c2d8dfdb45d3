//! What is set up as plain data: any steps can be taken back and taken again, a file gives back what was written, and
//! every tile of a board has one place on it.

use std::collections::BTreeSet;

use braid::workspace::bench::{
    Bench, BenchHistory, BoardId, BoardRow, Calendar, Edit, Filter, Layout, Scope, Side, Span, Tile, TileId, TileKind,
    Variable, VariableKind,
};
use braid::workspace::{
    Folders, ModelSetup, OpenedWorkspace, SeamSetup, Seen, Settings, TableId, TableSetup, Theme, save_workspace,
};
use proptest::prelude::*;

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right), Just(Side::Above), Just(Side::Below), Just(Side::Onto)]
}

fn tile() -> impl Strategy<Value = Tile> {
    let kind = prop_oneof![
        Just(TileKind::Number),
        Just(TileKind::Grid),
        "[a-z]{0,6}".prop_map(TileKind::Figure),
        ".{0,12}".prop_map(TileKind::Text),
    ];
    (".{0,8}", "[a-c]", kind, "[xy]?", "[0-9]").prop_map(|(title, table, show, question, sql)| Tile {
        question,
        ..Tile::new(&table, &title, format!("SELECT {sql}"), show)
    })
}

fn row() -> impl Strategy<Value = BoardRow> {
    let share = || -0.5_f32..2.0;
    let tiles = proptest::collection::vec((share(), tile()), 0..4);
    (share(), tiles).prop_map(|(share, tiles)| BoardRow { share, tiles })
}

fn table() -> impl Strategy<Value = TableSetup> {
    let live = proptest::collection::vec("ws://(ann:secret@)?host/[a-c]", 0..2);
    ("[a-z]{1,4}", "[a-z ]{0,9}", live).prop_map(|(name, question, live)| TableSetup {
        name,
        question,
        live,
        ..TableSetup::default()
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    let span = prop_oneof![
        Just(Span::All),
        any::<u32>().prop_map(Span::Last),
        Just(Span::Since(Calendar::Week)),
        any::<(Option<i64>, Option<i64>)>().prop_map(|(from, until)| Span::Between { from, until }),
    ];
    let values = proptest::collection::vec(proptest::option::of(".{0,4}"), 0..3);
    let range = proptest::option::of(("[0-9.]{0,4}", ".{0,4}"));
    let filter = ("[a-z]{0,3}", values, range, any::<bool>()).prop_map(|(column, values, range, inverted)| Filter {
        column,
        values,
        range,
        inverted,
    });
    let kind = prop_oneof![
        Just(VariableKind::Text),
        Just(VariableKind::Number),
        ("[a-z]{1,3}", ".{0,3}").prop_map(|(table, column)| VariableKind::List { table, column }),
    ];
    let variable = ("[a-z]{1,3}", kind, ".{0,4}").prop_map(|(name, kind, value)| Variable { name, kind, value });
    (span, proptest::collection::vec(filter, 0..3), proptest::collection::vec(variable, 0..3))
        .prop_map(|(span, filters, variables)| Scope { span, filters, variables })
}

/// Steps over small ids, so that many of them meet something.
fn edit() -> impl Strategy<Value = Edit> {
    let id = || 0_u64..14;
    let at = || proptest::option::of((id().prop_map(TileId), side()));
    prop_oneof![
        table().prop_map(|table| Edit::AddTable { table }),
        (id(), table()).prop_map(|(id, table)| Edit::SetTable { table: TableSetup { id: TableId(id), ..table } }),
        id().prop_map(|table| Edit::RemoveTable { table: TableId(table) }),
        (".{0,6}", proptest::collection::vec(tile(), 0..5)).prop_map(|(name, tiles)| Edit::AddBoard { name, tiles }),
        (".{0,6}", proptest::collection::vec(row(), 0..4)).prop_map(|(name, rows)| Edit::LayOutBoard { name, rows }),
        (id(), ".{0,6}").prop_map(|(board, name)| Edit::RenameBoard { board: BoardId(board), name }),
        id().prop_map(|board| Edit::RemoveBoard { board: BoardId(board) }),
        (id(), tile(), at()).prop_map(|(board, tile, at)| Edit::AddTile { board: BoardId(board), tile, at }),
        id().prop_map(|tile| Edit::Duplicate { tile: TileId(tile) }),
        (id(), tile()).prop_map(|(id, tile)| Edit::SetTile { tile: Tile { id: TileId(id), ..tile } }),
        (id(), id(), at()).prop_map(|(tile, board, at)| Edit::MoveTile {
            tile: TileId(tile),
            board: BoardId(board),
            at
        }),
        id().prop_map(|tile| Edit::RemoveTile { tile: TileId(tile) }),
        ("[a-c]", "[xy]", "[xyz]").prop_map(|(table, question, name)| Edit::RenameQuestion { table, question, name }),
        id().prop_map(|board| Edit::DuplicateBoard { board: BoardId(board) }),
        (id(), scope()).prop_map(|(board, scope)| Edit::SetScope { board: BoardId(board), scope }),
        proptest::option::of(any::<u32>()).prop_map(|seconds| Edit::SetTurn { seconds }),
        (id(), id()).prop_map(|(board, tile)| Edit::ShowTab { board: BoardId(board), tile: TileId(tile) }),
        (id(), proptest::collection::vec(0_usize..3, 0..3), proptest::collection::vec(-0.5_f32..2.0, 0..4))
            .prop_map(|(board, path, shares)| Edit::Resize { board: BoardId(board), path, shares }),
    ]
}

/// Every tile has one place, every place a tile, and shares add up to 1.
fn assert_sound(bench: &Bench) {
    let mut ids = BTreeSet::new();
    bench.tables.iter().for_each(|table| assert!(ids.insert(table.id.0) && table.id.0 > 0, "{bench:?}"));
    for tile in bench.boards.iter().flat_map(|board| &board.tiles).filter(|tile| !tile.question.is_empty()) {
        let shared = bench.questions(&tile.table);
        assert!(shared.iter().any(|own| own.name == tile.question && own.sql == tile.sql), "{bench:?}");
    }
    for board in &bench.boards {
        assert!(ids.insert(board.id.0), "{bench:?}");
        let mut placed = board.layout.as_ref().map(Layout::tiles).unwrap_or_default();
        let mut own: Vec<TileId> = board.tiles.iter().map(|tile| tile.id).collect();
        placed.sort();
        own.sort();
        assert_eq!(placed, own, "{board:?}");
        own.iter().for_each(|id| assert!(ids.insert(id.0), "{bench:?}"));
        board.layout.iter().for_each(assert_tidy);
    }
}

fn assert_tidy(layout: &Layout) {
    if let Layout::Tabs { tiles, shown } = layout {
        assert!(tiles.len() > 1 && *shown < tiles.len(), "{layout:?}");
    }
    let (Layout::Row(parts) | Layout::Column(parts)) = layout else { return };
    assert!(parts.len() > 1, "{layout:?}");
    let all: f32 = parts.iter().map(|part| part.share).sum();
    assert!((all - 1.0).abs() < 1e-3 && parts.iter().all(|part| part.share > 0.0), "{layout:?}");
    for part in parts {
        assert!(
            !matches!(
                (layout, &part.layout),
                (Layout::Row(_), Layout::Row(_)) | (Layout::Column(_), Layout::Column(_))
            ),
            "{layout:?}"
        );
        assert_tidy(&part.layout);
    }
}

proptest! {
    #![proptest_config(crate::cases(128))]

    #[test]
    fn any_steps_can_be_taken_back_and_again(edits in proptest::collection::vec(edit(), 0..60)) {
        let mut history = BenchHistory::default();
        let start = history.now().clone();
        let mut taken = 0;
        for edit in &edits {
            let before = history.now().clone();
            let outcome = history.edit(edit, false);
            assert_sound(history.now());
            // A step that names what is not there changes nothing.
            prop_assert!(outcome.is_ok() || before == *history.now());
            taken += usize::from(before != *history.now());
        }
        let end = history.now().clone();
        for _ in 0..taken {
            prop_assert!(history.undo());
            assert_sound(history.now());
        }
        prop_assert!(!history.can_undo() && *history.now() == start);
        for _ in 0..taken {
            prop_assert!(history.redo());
        }
        prop_assert!(!history.can_redo() && *history.now() == end);
    }

    #[test]
    fn a_file_gives_back_what_was_written(edits in proptest::collection::vec(edit(), 0..40), undone in 0_usize..5) {
        let mut history = BenchHistory::default();
        for edit in &edits {
            let _ = history.edit(edit, false);
        }
        for _ in 0..undone {
            history.undo();
        }
        let home = tempfile::tempdir().unwrap();
        let (folders, file) = (Folders::inside(home.path()), home.path().join("w.braid"));
        save_workspace(&history, Seen::default(), &file, &folders).unwrap();
        let back = OpenedWorkspace::open(&file, &folders).unwrap();
        prop_assert!(back.lock.is_some());
        prop_assert_eq!(back.history, history);
        // One that was changed by hand has no steps: they do not lead to it.
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replacen("\"bench\": {", "\"bench\": { \"by_hand\": 1,", 1)).unwrap();
        let other = OpenedWorkspace::open(&file, &folders).unwrap();
        prop_assert!(other.lock.is_none() && !other.history.can_undo() && !other.history.can_redo());
    }
}

#[test]
fn what_is_typed_is_one_step() {
    let mut history = BenchHistory::default();
    let tile = Tile::new("t", "", "SELECT 1".into(), TileKind::Grid);
    history.edit(&Edit::AddBoard { name: "a".into(), tiles: vec![tile] }, false).unwrap();
    let board = history.now().boards[0].id;
    for (i, name) in ["ab", "abc", "abcd"].into_iter().enumerate() {
        history.edit(&Edit::RenameBoard { board, name: name.into() }, i > 0).unwrap();
    }
    assert_eq!(history.now().boards[0].name, "abcd");
    assert!(history.undo());
    assert_eq!(history.now().boards[0].name, "a");
    assert!(history.redo());
    assert_eq!(history.now().boards[0].name, "abcd");
}

#[test]
fn a_new_board_stands_in_rows_of_two() {
    let tiles = (0..3).map(|_| Tile::new("t", "", "SELECT 1".into(), TileKind::Grid)).collect();
    let bench = Bench::default().after(&Edit::AddBoard { name: "b".into(), tiles }).unwrap();
    let Some(Layout::Column(rows)) = &bench.boards[0].layout else { panic!("{bench:?}") };
    assert!(matches!(&rows[0].layout, Layout::Row(parts) if parts.len() == 2) && rows.len() == 2, "{rows:?}");
}

#[test]
fn what_a_newer_version_wrote_is_kept() {
    let text = r#"{"boards":[{"id":1,"name":"b","turns":5,"tiles":[{"id":2,"table":"t","sql":"SELECT 1",
        "show":{"as":"globe","with":{"tilt":3}},"zoom":[1,2]}],"layout":{"tile":2}}],"ids":2,
        "variables":[{"name":"v"}]}"#;
    let bench: Bench = serde_json::from_str(text).unwrap();
    assert!(matches!(bench.boards[0].tiles[0].show, TileKind::Unknown(_)) && !bench.boards[0].tiles[0].asks());
    let bench = bench.after(&Edit::RenameBoard { board: BoardId(1), name: "c".into() }).unwrap();
    let again: serde_json::Value = serde_json::to_value(&bench).unwrap();
    assert_eq!((&again["boards"][0]["turns"], &again["variables"][0]["name"]), (&5.into(), &"v".into()));
    assert_eq!(again["boards"][0]["tiles"][0]["zoom"], serde_json::json!([1, 2]));
    assert_eq!(again["boards"][0]["tiles"][0]["show"], serde_json::json!({"as": "globe", "with": {"tilt": 3}}));
}

#[test]
fn what_nobody_did_is_no_step_and_stays_when_steps_are_taken_back() {
    let mut history = BenchHistory::default();
    history.begin_with(&Edit::AddTable { table: TableSetup { name: "t".into(), ..TableSetup::default() } });
    let first = history.now().tables[0].clone();
    let asked = TableSetup { question: "SELECT 1".into(), ..first };
    history.edit(&Edit::SetTable { table: asked.clone() }, false).unwrap();
    // A model is trained, which takes its time.
    let model = ModelSetup { file: "m.json".into(), ..ModelSetup::default() };
    history.amend(&TableSetup { models: vec![model.clone()], ..asked });
    assert!(history.undo());
    assert_eq!((&*history.now().tables[0].question, &history.now().tables[0].models), ("", &vec![model.clone()]));
    assert!(!history.undo(), "opening is no step");
    assert!(history.redo());
    assert_eq!((&*history.now().tables[0].question, &history.now().tables[0].models), ("SELECT 1", &vec![model]));
}

#[test]
fn workspaces_of_older_versions_are_read() {
    let home = tempfile::tempdir().unwrap();
    let (folders, file) = (Folders::inside(home.path()), home.path().join("workspace.json"));
    let first = r#"{"seal":"00","tables":[{"name":"a","paths":["/a.csv"],"live":[],
        "time":{"column":"t","lateness_ms":5},
        "seam":{"time":7},"question":"SELECT 1","mark":"bar","models":[{"name":"m","file":"/m","learnt":null}]}],
        "recent":[{"name":"r","paths":["/r.csv"]}],"theme":"dark"}"#;
    std::fs::write(&file, first).unwrap();
    let opened = OpenedWorkspace::open(&file, &folders).unwrap();
    let table = opened.history.now().tables[0].clone();
    assert_eq!((&*table.name, &*table.question, &*table.mark, table.foreign), ("a", "SELECT 1", "bar", true));
    assert!(table.id.0 > 0 && table.models[0].name == "m" && table.seam == SeamSetup::Time(7));
    let settings = Settings::load(&home.path().join("settings.json"), &file, &folders.vault()).unwrap();
    assert_eq!((settings.theme, &*settings.recent[0].name), (Theme::Dark, "r"));
    // One with the steps beside the bench.
    let second = r#"{"tables":[{"name":"a"}],"bench":{"now":{"boards":[{"id":1,"name":"b"}],"ids":1},"past":[]}}"#;
    std::fs::write(&file, second).unwrap();
    let bench = OpenedWorkspace::open(&file, &folders).unwrap().history.now().clone();
    assert_eq!((&*bench.tables[0].name, &*bench.boards[0].name), ("a", "b"));
    assert_ne!(bench.tables[0].id.0, bench.boards[0].id.0);
    // One of a later form is not taken for what it is not.
    std::fs::write(&file, r#"{"format":3}"#).unwrap();
    let fault = OpenedWorkspace::open(&file, &folders).unwrap_err();
    assert!(fault.what.contains("newer"), "{fault:?}");
}
