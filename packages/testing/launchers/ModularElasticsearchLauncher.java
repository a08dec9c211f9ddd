import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginBundle;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.rest.RestChannel;
import org.elasticsearch.rest.RestController;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.XContentBuilder;

/**
 * Runs one node of Elasticsearch 8 or 9 in this JVM: {@code java -cp 'lib/*' ModularElasticsearchLauncher.java key=value ...},
 * each a setting of the node. Its transport is a module below {@code path.home/modules}.
 *
 * It ends when its standard input does, so that it never outlives the process that started it.
 */
public class ModularElasticsearchLauncher {
    public static void main(String[] arguments) throws Exception {
        Thread lifeline = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {}
            } catch (java.io.IOException gone) {
                // the same as its end
            }
            Runtime.getRuntime().halt(0);
        });
        lifeline.setDaemon(true);
        lifeline.start();

        LogConfigurator.configureESLogging();
        LogConfigurator.registerErrorListener();
        Settings.Builder settings = Settings.builder();
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            settings.put(parts[0], parts[1]);
        }
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), null, () -> "node");
        Node node = new Node(environment, PluginsLoader.createPluginsLoader(modules(environment), Set.of(), Map.of(), false));
        node.injector().getInstance(RestController.class).registerHandler(
            new Root(node.injector().getInstance(ClusterService.class))
        );
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (java.io.IOException failure) {
                failure.printStackTrace();
            }
        }));
        node.start();
        Thread.currentThread().join();
    }

    /** The folder is a method's result in one version and a field in the other, and so are the parameters. */
    @SuppressWarnings("unchecked")
    private static Set<PluginBundle> modules(Environment environment) throws Exception {
        Path folder;
        try {
            folder = (Path) Environment.class.getMethod("modulesFile").invoke(environment);
        } catch (NoSuchMethodException renamed) {
            folder = (Path) Environment.class.getMethod("modulesDir").invoke(environment);
        }
        for (Method method : PluginsLoader.class.getMethods()) {
            if (method.getName().equals("loadModulesBundles") == false) continue;
            Object bundles = method.getParameterCount() == 1 ? method.invoke(null, folder) : method.invoke(null, folder, false);
            return (Set<PluginBundle>) bundles;
        }
        throw new IllegalStateException("no loadModulesBundles");
    }

    /** {@code GET /}: its own module is in no registry. */
    private record Root(ClusterService cluster) implements RestHandler {
        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
        }

        @Override
        public void handleRequest(RestRequest request, RestChannel channel, NodeClient client) throws Exception {
            Build build = Build.current();
            XContentBuilder body = channel.newBuilder();
            body.startObject();
            body.field("name", cluster.localNode().getName());
            body.field("cluster_name", cluster.getClusterName().value());
            body.field("cluster_uuid", cluster.state().metadata().clusterUUID());
            body.startObject("version");
            body.field("number", build.version());
            body.field("build_flavor", build.flavor());
            body.field("build_hash", build.hash());
            body.endObject();
            body.field("tagline", "You Know, for Search");
            body.endObject();
            channel.sendResponse(new RestResponse(RestStatus.OK, body));
        }
    }
}
