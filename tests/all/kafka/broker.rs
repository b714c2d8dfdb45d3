//! A real Apache Kafka broker for tests: one node, on the loopback, in a folder of its own, gone when the tests are.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rskafka::chrono::{DateTime, Utc};
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::Record;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const VERSION: &str = "4.1.0";

/// The broker that all tests share; each has topics of its own. Where every test is a process, the first that needs a
/// broker starts it for the run, and it goes when the runner does.
pub fn shared() -> &'static Broker {
    static SHARED: OnceLock<Broker> = OnceLock::new();
    SHARED.get_or_init(|| match std::env::var("NEXTEST_RUN_ID") {
        Ok(run) => Broker::of_run(&run),
        Err(_) => Broker::start(true),
    })
}

pub struct Broker {
    folder: PathBuf,
    /// What removes the folder, unless it is the run's.
    _own: Option<TempDir>,
    port: u16,
    secure: u16,
    /// A shell that waits for the end of its input and then kills the broker: so it goes however this process ends.
    process: Option<Child>,
}

impl Broker {
    /// Sets up a node in an empty folder and starts it; with a second door, where one needs TLS and a login, if so
    /// wished.
    pub fn start(secured: bool) -> Self {
        let own = tempfile::tempdir().unwrap();
        let mut broker = Self::set_up(own.path(), secured);
        broker._own = Some(own);
        broker.restart();
        broker
    }

    /// The one broker of a run of tests: whoever comes first starts it, the others wait and find its ports.
    fn of_run(run: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("braid-tests-{run}"));
        fs::create_dir_all(&folder).unwrap();
        let ports = folder.join("ports");
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        if let Ok(text) = fs::read_to_string(&ports) {
            let (port, secure) = text.split_once(' ').unwrap();
            let (port, secure) = (port.parse().unwrap(), secure.parse().unwrap());
            return Self { folder: folder.join("node"), _own: None, port, secure, process: None };
        }
        // A test that was ended while it set one up leaves half of it.
        let node = folder.join("node");
        if node.exists() {
            fs::remove_dir_all(&node).unwrap();
        }
        fs::create_dir(&node).unwrap();
        let broker = Self::set_up(&node, true);
        // The runner started this process: while it lives, the run goes on.
        let runner = std::os::unix::process::parent_id().to_string();
        let script = "runner=$1 folder=$2; shift 2; \"$@\" </dev/null >>\"$folder/node/log\" 2>&1 & \
                      while kill -0 \"$runner\" 2>/dev/null; do sleep 1; done; kill -9 $!; wait; rm -rf \"$folder\"";
        let mut keeper = Command::new("sh");
        keeper.args(["-c", script, "sh", &runner]).arg(&folder);
        broker.command(&mut keeper).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: a test that is ended with its group does not end the broker.
        #[expect(clippy::zombie_processes, reason = "it ends with the runner, long after this process")]
        let _outlives = std::os::unix::process::CommandExt::process_group(&mut keeper, 0).spawn().unwrap();
        broker.wait_until_ready();
        fs::write(ports, format!("{} {}", broker.port, broker.secure)).unwrap();
        broker
    }

    /// Writes what a node needs into a folder.
    fn set_up(folder: &Path, secured: bool) -> Self {
        let (port, secure, other) = (free_port(), free_port(), free_port());
        let data = folder.join("data");
        let door = if secured { format!(",SECURE://127.0.0.1:{secure}") } else { String::new() };
        let mut config = [
            "process.roles=broker,controller",
            "node.id=1",
            &format!("controller.quorum.voters=1@127.0.0.1:{other}"),
            &format!("listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{other}{door}"),
            &format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}{door}"),
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
            "controller.listener.names=CONTROLLER",
            &format!("log.dirs={}", data.display()),
            "auto.create.topics.enable=false",
            "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=1",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "transaction.state.log.num.partitions=1",
            "",
        ]
        .join("\n");
        if secured {
            config += &lock(folder);
        }
        let place = folder.join("server.properties");
        fs::write(&place, config).unwrap();
        let mut format = java(128);
        format.args(["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c"]).arg(place);
        format.args(["--add-scram", "SCRAM-SHA-512=[name=ann,password=pencil]"]);
        done(&mut format);
        Self { folder: folder.to_owned(), _own: None, port, secure, process: None }
    }

    /// The arguments that start the node.
    fn command<'a>(&self, shell: &'a mut Command) -> &'a mut Command {
        let java = java(256);
        shell
            .arg(java.get_program())
            .args(java.get_args())
            .arg("kafka.Kafka")
            .arg(self.folder.join("server.properties"))
    }

    /// A topic's address behind the second door, with the certificate to trust.
    pub fn secure_url(&self, topic: &str, params: &str) -> String {
        let ca = self.folder.join("ca.pem");
        format!("kafka://127.0.0.1:{}/{topic}?follow=false&ca={}&{params}", self.secure, ca.display())
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it on what it left behind, and waits until it answers.
    pub fn restart(&mut self) {
        self.kill();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "\"$@\" </dev/null >>\"$LOG\" 2>&1 & cat >/dev/null; kill -9 $!; wait", "sh"])
            .env("LOG", self.folder.join("log"));
        self.command(&mut shell).stdin(Stdio::piped()).stdout(Stdio::null());
        self.process = Some(shell.spawn().unwrap());
        self.wait_until_ready();
    }

    fn wait_until_ready(&self) {
        let begin = Instant::now();
        let runtime = runtime();
        loop {
            let build = ClientBuilder::new(vec![self.address()]).backoff_config(impatient()).build();
            if runtime
                .block_on(async { tokio::time::timeout(Duration::from_secs(5), build).await })
                .is_ok_and(|client| client.is_ok())
            {
                return;
            }
            assert!(
                begin.elapsed() < Duration::from_secs(90),
                "the broker does not start: {}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            process.wait().unwrap();
        }
    }

    /// A tool that comes with the broker.
    pub fn tool(&self, class: &str, args: &[&str]) {
        done(java(128).arg(class).args(args));
    }

    /// A new topic, ready to be written to.
    pub fn topic(&self, name: &str, partitions: i32) -> Topic {
        let topic = self.existing(name);
        topic.runtime.block_on(async {
            topic.client.controller_client().unwrap().create_topic(name, partitions, 1, 10_000).await.unwrap();
        });
        for partition in 0..partitions {
            topic.partition(partition);
        }
        topic
    }

    pub fn existing(&self, name: &str) -> Topic {
        let runtime = runtime();
        let client = runtime.block_on(ClientBuilder::new(vec![self.address()]).build()).unwrap();
        Topic { address: self.address(), name: name.to_owned(), runtime, client }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A topic as one who writes to it sees it.
pub struct Topic {
    address: String,
    name: String,
    runtime: Runtime,
    client: Client,
}

impl Topic {
    /// Its address as a feed.
    pub fn url(&self, params: &str) -> String {
        format!("kafka://{}/{}?{params}", self.address, self.name)
    }

    pub fn partition(&self, partition: i32) -> PartitionClient {
        self.runtime.block_on(self.client.partition_client(&self.name, partition, UnknownTopicHandling::Retry)).unwrap()
    }

    /// Writes messages, and waits until the broker has them.
    pub fn write(&self, partition: i32, records: Vec<Record>) {
        self.write_as(partition, records, Compression::NoCompression);
    }

    pub fn write_as(&self, partition: i32, records: Vec<Record>, compression: Compression) {
        let client = self.partition(partition);
        self.runtime.block_on(client.produce(records, compression)).unwrap();
    }

    pub fn texts<T: AsRef<str>>(&self, partition: i32, values: impl IntoIterator<Item = T>) {
        self.write(partition, values.into_iter().map(|value| record(value.as_ref())).collect());
    }

    /// Deletes what stands before an offset, as retention does.
    pub fn forget(&self, partition: i32, before: i64) {
        let client = self.partition(partition);
        self.runtime.block_on(client.delete_records(before, 10_000)).unwrap();
    }
}

pub fn record(value: &str) -> Record {
    Record { key: None, value: Some(value.as_bytes().to_vec()), headers: BTreeMap::new(), timestamp: at(0) }
}

/// A time so many seconds after the beginning of 2026.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
}

/// Makes a certificate for the second door, and says who may enter there.
fn lock(folder: &Path) -> String {
    let keys = folder.join("keys");
    let store = |command: &mut Command| {
        done(command.arg("-keystore").arg(&keys).args([
            "-storetype",
            "PKCS12",
            "-storepass",
            "changeit",
            "-alias",
            "broker",
        ]))
    };
    let who = ["-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1"];
    store(Command::new("keytool").args(["-genkeypair", "-keyalg", "EC", "-validity", "30"]).args(who));
    store(Command::new("keytool").args(["-exportcert", "-rfc", "-file"]).arg(folder.join("ca.pem")));
    let door = "listener.name.secure";
    let modules = "org.apache.kafka.common.security";
    format!(
        "{door}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512\n{door}.plain.sasl.jaas.config={modules}.plain.\
         PlainLoginModule required \
         user_ann=\"pencil\";\n{door}.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule \
         required;\n{door}.ssl.keystore.location={}\n{door}.ssl.keystore.type=PKCS12\n{door}.ssl.keystore.\
         password=changeit\n{door}.ssl.key.password=changeit\n",
        keys.display()
    )
}

fn done(command: &mut Command) {
    let out = command.output().unwrap();
    assert!(
        out.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn impatient() -> rskafka::BackoffConfig {
    rskafka::BackoffConfig { deadline: Some(Duration::ZERO), ..Default::default() }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn java(megabytes: u32) -> Command {
    let settings = logging();
    let mut java = Command::new("java");
    java.arg(format!("-Xmx{megabytes}m")).args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
    java.arg(format!("-Dlog4j2.configurationFile={}", settings.display())).arg("-cp").arg(jars().join("*"));
    java
}

/// The broker says only what is wrong.
fn logging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/log4j2.properties")
}

/// The folder with the broker's jars; Maven fetches them once.
fn jars() -> &'static Path {
    static JARS: OnceLock<PathBuf> = OnceLock::new();
    JARS.get_or_init(|| {
        let need =
            "the Kafka tests need a Java runtime (17 or newer) and Maven: apt-get install default-jre-headless maven";
        let java = Command::new("java").arg("-version").output();
        assert!(java.is_ok_and(|out| out.status.success()), "there is no java; {need}");
        let folder =
            dirs::cache_dir().unwrap_or_else(std::env::temp_dir).join("braid").join(format!("kafka-{VERSION}"));
        if folder.join("complete").exists() {
            return folder;
        }
        // Fetched beside and then moved, so that a fetch that was broken off leaves nothing that looks whole.
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        let beside = tempfile::tempdir_in(folder.parent().unwrap()).unwrap();
        let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/pom.xml");
        let mut maven = Command::new("mvn");
        maven
            .args(["-q", "-B", "-f"])
            .arg(pom)
            .arg(format!("-Dkafka.version={VERSION}"))
            .arg("dependency:copy-dependencies");
        maven.arg(format!("-DoutputDirectory={}", beside.path().display()));
        let out = maven.output().unwrap_or_else(|error| panic!("there is no mvn ({error}); {need}"));
        assert!(out.status.success(), "Maven could not fetch Kafka: {}", String::from_utf8_lossy(&out.stdout));
        File::create(beside.path().join("complete")).unwrap();
        // Another test program may have been faster.
        if fs::rename(beside.path(), &folder).is_err() {
            assert!(folder.join("complete").exists(), "{} cannot be written", folder.display());
        }
        folder
    })
}
